/* peer.h - what serve() is tested with: a host that keeps visits as connector.h says, a Web Connector
 * that calls it, and a QuickBooks that remembers message sets.  None of them shares code with plug. */
#ifndef QBD_TEST_PEER_H
#define QBD_TEST_PEER_H

#include "plug/call.h"

#include <stdbool.h>
#include <stddef.h>

#define PEER_MOST 64

struct peer_request {
	char *path, *body;
	bool repeatable, this_visit, alone;
};
struct peer_list {
	struct peer_request *at[PEER_MOST];
	size_t count;
};

/* ---- the host's side ------------------------------------------------------------------- */

struct peer_host {
	struct peer_list parked, taken, open;
	struct peer_list doubted; /* lost(): nobody can tell */
	char *mark, *bytes;       /* of the open set */
	unsigned asked;
	char *last_mark;
	bool taken_marked, in_visit;
	int64_t now_ms;
	bool ends;                /* a reload waits for the visit's end */
	size_t coming, done, total;
	char state[2048];
	json_t *settings, *facts, *told;
	bool held;                /* by fact() or by fail(AUTH) */
	char failed[600];         /* what fail() said last */
	size_t gave, lost, back;  /* so far */
	char *replies[PEER_MOST]; /* "path status body", in order */
	size_t reply_count;
	size_t pauses;
	/* Called at each pause: what is on its way may be parked now. */
	void (*on_pause)(struct peer_host *);
};

void peer_host_init(struct peer_host *);
void peer_host_finish(struct peer_host *);
void peer_park(struct peer_host *, const char *path, const char *body, bool repeatable);
/* One request of the peer: the text of the method's result (caller frees), "" when it was empty, NULL
 * when the answer was no SOAP result.  authenticate: its elements joined by '|'. */
char *peer_call(struct peer_host *, const char *method, ...); /* name, value pairs, NULL */
/* Raw: status and body as they went out (caller frees body). */
int peer_raw(struct peer_host *, const char *method, const char *query, const char *body, char **answer);
/* The host is killed and started again: only what it had stored is left. */
void peer_crash(struct peer_host *);
const char *peer_reply(const struct peer_host *, const char *path); /* the body given for it, or NULL */

/* ---- QuickBooks' side ------------------------------------------------------------------- */

enum quickbooks_mood { WELL = 0, FORGETFUL /* 9002 */, CHANGED /* 9001 */, PARSER /* 0x80040400 */,
	BUSY /* 0x80040402 before it ran */, BUSY_AFTER, GARBAGE };
struct quickbooks {
	char *set_id, *set_text, *set_answer; /* the one that is remembered */
	char ran[PEER_MOST][64];              /* writes that were really done, by requestID */
	size_t ran_count;
	enum quickbooks_mood mood;
	char hresult[16];
};
/* Processes a set: the answer (caller frees), or NULL with hresult set. */
char *quickbooks_process(struct quickbooks *, const char *qbxml);
size_t quickbooks_ran(const struct quickbooks *, const char *request_id);
void quickbooks_finish(struct quickbooks *);
/* As the host does after lost(): what QuickBooks does not have is parked again. */
void peer_look_up(struct peer_host *, const struct quickbooks *);

/* ---- the Web Connector -------------------------------------------------------------------- */

#define HCP(company)                                                                               \
	"<?xml version=\"1.0\" ?><QBXML><QBXMLMsgsRs>"                                             \
	"<HostQueryRs requestID=\"0\" statusCode=\"0\"><HostRet><ProductName>QuickBooks Pro 2024</ProductName>" \
	"<MajorVersion>34</MajorVersion><MinorVersion>0</MinorVersion><Country>US</Country>"       \
	"<SupportedQBXMLVersion>12.0</SupportedQBXMLVersion><SupportedQBXMLVersion>13.0</SupportedQBXMLVersion>" \
	"<SupportedQBXMLVersion>16.0</SupportedQBXMLVersion><QBFileMode>MultiUser</QBFileMode></HostRet></HostQueryRs>" \
	"<CompanyQueryRs requestID=\"1\" statusCode=\"0\"><CompanyRet><CompanyName>" company "</CompanyName>" \
	"<LegalCompanyName>" company "</LegalCompanyName><CompanyType>General Business</CompanyType>" \
	"<FirstMonthFiscalYear>January</FirstMonthFiscalYear></CompanyRet></CompanyQueryRs>"       \
	"<PreferencesQueryRs requestID=\"2\" statusCode=\"0\"><PreferencesRet><AccountingPreferences>" \
	"<IsUsingAccountNumbers>false</IsUsingAccountNumbers><IsRequiringAccounts>true</IsRequiringAccounts>" \
	"<IsUsingClassTracking>true</IsUsingClassTracking><ClosingDate>2025-12-31</ClosingDate>"   \
	"</AccountingPreferences><SalesTaxPreferences><DefaultItemSalesTaxRef><FullName>San Tomas</FullName>" \
	"</DefaultItemSalesTaxRef></SalesTaxPreferences></PreferencesRet></PreferencesQueryRs></QBXMLMsgsRs></QBXML>"

/* One update.  cut: the message that is lost, counted from 0 over all updates; -1: none.  after: lost on
 * its way back, when it has had its effect.  True: it ran to its end. */
struct connector_run {
	int cut, sent;
	bool after;
	int last_percent;
	unsigned no_ops;
	char last_error[600];
};
bool web_connector_update(struct peer_host *, struct quickbooks *, struct connector_run *);

#endif
