/* qbd.h - what the files of this connector know of each other. */
#ifndef QBD_H
#define QBD_H

#include <mlc/connector.h>
#include <mlc/help.h>
#include <mlc/xml.h>

#define QBD_VERSION   "0.1.0"
#define QBD_NAMESPACE "http://developer.intuit.com/"
#define QBD_IDS_AT_ONCE 50 /* in one query */
#define QBD_LEVEL     13 /* qbXML 13.0: the newest that we need, the oldest that has all of it */

/* One per application, for ever: the Web Connector and the company files know us by it. */
#define QBD_OWNER_ID "{7A1C5E1C-94C4-4B3C-9E05-3D2B6F0E5A61}"

/* ---- the state of a call, and of a visit: plain data -------------------------------- */

#define QBD_TICKET_SIZE 39
#define QBD_STAMP_SIZE  20 /* "2026-10-31T23:30:00", the clock of the QuickBooks machine */

enum visit_phase {
	VISIT_NONE = 0,
	VISIT_IDLE,    /* logged in, nothing of ours is with QuickBooks */
	VISIT_ASKED,   /* a set of parked requests is with QuickBooks */
	VISIT_PROVING, /* our own questions about the company are */
	VISIT_RECALLING, /* the question is, whether it knows the open set */
	VISIT_RESTING, /* a harmless question is, so that the visit can end well */
	VISIT_REFUSED  /* nothing is given away any more; why says why */
};

struct soap;
struct visit_state {
	enum visit_phase phase;
	const struct soap *request; /* as it was read at its first step; call memory: for its own pauses only */
	char ticket[QBD_TICKET_SIZE];
	char level[8];         /* "13.0": the qbXML version of our sets */
	char why[480];         /* what getLastError tells the person at the screen */
	int64_t live_until_ms; /* UTC: as long it is held open for what falls due; 0: not at all */
	bool proven;           /* the company is the one that we mean */
	bool marked;           /* the set that is with QuickBooks */
	bool known;            /* QuickBooks keeps an answer to the open set: asking again does nothing twice */
	bool keep_last;        /* do not ask QuickBooks to forget the last set: it does not know it */
	bool retried_open;     /* connectionError was answered with "the open file" once */
	bool idle_said;        /* "NoOp" is the next getLastError */
	bool bad;              /* the reply just digested ends the visit */
	uint8_t waits;         /* pauses made for one request of the peer */
	uint8_t percent;       /* as last told */
};

struct gone;
struct poll_state {
	char from[QBD_STAMP_SIZE], to[QBD_STAMP_SIZE]; /* of the window being read; "": open */
	char seen[QBD_STAMP_SIZE];                     /* newest change in it */
	char iterator[64];
	long left;                                     /* for it, after the page before; 0: there was none */
	unsigned page, in_window;                      /* records in it so far */
	uint8_t phase;
	struct gone *gone;                             /* what was deleted; call memory: no advance() before the end */
	size_t gone_count, gone_at;
	uint8_t gone_phase;                            /* what is asked of gone[gone_at]; 0: nothing */
	uint64_t missing;                              /* fetch: of the ids asked for last, which are not there */
};

struct figures;
struct aging_state {
	struct figures *rows; /* of the report; call memory, so no advance() before the end */
	size_t count, asked;
	unsigned page;
	uint8_t phase;
};

union qbd_state {
	struct visit_state visit;
	struct poll_state poll;
	struct aging_state aging;
};

/* ---- schema.c: the entities, and how they stand on the wire ------------------------- */

enum qbd_kind { QBD_LIST = 1, QBD_TXN, QBD_ONE, QBD_PART, QBD_REPORT };

enum {                            /* what its query takes */
	QBD_ITERATES   = 1u << 0,
	QBD_LINES      = 1u << 1, /* IncludeLineItems */
	QBD_LINKS      = 1u << 2, /* IncludeLinkedTxns */
	QBD_OWNER      = 1u << 3, /* OwnerID: custom fields */
	QBD_LEVELS     = 1u << 4, /* names have levels: "Parent:Child" */
	QBD_UNFILTERED = 1u << 5, /* none at all: everything comes, always */
	QBD_FLAT       = 1u << 6, /* PART: its one member stands without an element around it */
	QBD_SIDED      = 1u << 7  /* PART: the element, but for a Mod's, says whether it is debit or credit */
};

struct qbd_shape {
	const char *entity;
	enum qbd_kind kind;
	unsigned query;         /* flags above */
	const char *rets;       /* QBD_LIST and QBD_TXN: NULL: "<entity>Ret" is its only form in answers;
	                         * else the member that tells which of several forms it was */
	/* PART: what is put behind the member's name; NULL: cannot stand there */
	const char *add, *mod, *ret;
};

extern const struct mlc_entity qbd_entities[];
const struct mlc_entity *qbd_entity(const char *name);
const struct qbd_shape *qbd_shape(const char *entity);
/* The entity as which records of that list or transaction type are emitted ("ItemService" is told
 * as "Item"); NULL: none of ours. */
const char *qbd_emitted(const char *type);

/* ---- text.c: texts, numbers and days as QuickBooks takes them ----------------------- */

/* In call memory: no control characters, no characters outside Windows-1252, no blanks at the ends;
 * line breaks only where lines is true.  NULL: memory is spent. */
const char *qbd_clean(struct mlc_call *, const char *text, bool lines);
size_t qbd_characters(const char *text);
/* Shape of a decimal with at most places fraction digits, exactly 2 where places is 2; "" when it
 * cannot be had without rounding or is no decimal. */
const char *qbd_decimal(struct mlc_call *, const char *text, unsigned places);
bool qbd_is_day(const char *text);
bool qbd_same(const char *a, const char *b); /* but for the case of ASCII letters */

/* Moves a "2026-10-31T23:30:00" by seconds; what stands behind is cut.  False: no such text. */
bool qbd_stamp_move(struct mlc_call *, const char *text, int64_t seconds, char out[QBD_STAMP_SIZE]);
void qbd_stamp(struct mlc_call *, int64_t ms, char out[QBD_STAMP_SIZE]); /* as if it were UTC */

/* ---- record.c: records between JSON and qbXML ---------------------------------------- */

/* Appends the members of data in the schema's order.  NULL, or a sentence for people. */
const char *qbd_put_members(struct mlc_xml *, const struct mlc_entity *, const json_t *data,
	enum mlc_verb);
/* The record in node as JSON text into *out, which is emptied first. */
void qbd_read_record(struct mlc_xml *out, const struct mlc_entity *, const xmlNode *node);
/* Is it a record of that entity ("ItemServiceRet" is one of "Item")? */
bool qbd_is_record(const xmlNode *node, const struct mlc_entity *);
/* Does that element of a record hold a line of this member ("InvoiceLineGroupRet" of InvoiceLine)? */
bool qbd_is_line(const xmlNode *, const struct mlc_field *);
/* The id in a criterion that is a reference: {"id"}, or the id itself; NULL: it goes by name. */
const char *qbd_wanted_id(const json_t *wanted);
/* "80000001-1:*" asks for that one and all that stands below it: its id, in call memory; else NULL. */
const char *qbd_wanted_tree(struct mlc_call *c, const char *id);
/* Does the record hold these members, case of letters aside? */
bool qbd_matches(struct mlc_call *, const struct mlc_entity *, const xmlNode *record,
	const json_t *criteria);

/* ---- status.c: what QuickBooks' codes mean ------------------------------------------- */

struct qbd_status {
	int code;
	enum mlc_fault create, change; /* what the host does next, by verb; reading: create's */
	const char *words;             /* for people */
};
const struct qbd_status *qbd_status(int code); /* never NULL */

enum qbd_trouble { QBD_PASSING = 1, QBD_PERSON, QBD_COMPANY_FILE, QBD_UNKNOWN, QBD_PARSER };
struct qbd_hresult {
	uint32_t code;
	enum qbd_trouble trouble;
	const char *words, *cure;
};
const struct qbd_hresult *qbd_hresult(const char *text); /* "0x80040400"; never NULL */
extern const struct mlc_code qbd_codes[];

/* ---- soap.c: the envelope ------------------------------------------------------------- */

#define SOAP_PARAMS 10 /* four more than any method has today */
struct soap {
	struct mlc_call *call;
	char method[32];
	struct { char name[24]; const char *text; size_t len; } params[SOAP_PARAMS];
	unsigned count;
	struct mlc_xml buffer; /* of the parameter being read */
	bool in_body, bad;
};
/* False: no SOAP request. */
bool soap_read(struct mlc_call *, struct soap *);
const char *soap_text(const struct soap *, const char *param); /* "" when absent */
size_t soap_length(const struct soap *, const char *param);
void soap_answer(struct mlc_call *, const char *method, const char *result);
void soap_answer_number(struct mlc_call *, const char *method, int result);
/* postpone_s: the next update is to come so much later; 0: at its usual time. */
void soap_answer_login(struct mlc_call *, const char *ticket, const char *word, unsigned postpone_s);
void soap_fault(struct mlc_call *, const char *text);
/* The WSDL of our address. */
const char *soap_wsdl(struct mlc_call *, size_t *len);

/* ---- company.c: which company is it, and how is it set up? ----------------------------- */

#define COMPANY_FACTS 20
struct company { /* all in call memory; NULL: not told */
	const char *name, *legal, *file_id, *country;
	const char *level;        /* of qbXML: the newest that both sides know, at most ours */
	bool host, preferences;   /* were in the answer */
	struct { const char *name, *text; } facts[COMPANY_FACTS];
	unsigned fact_count;
};
/* Adds what the qbXML answer tells; false: it is none. */
bool company_read(struct mlc_call *, struct company *, const char *text, size_t len);
/* Has the answer told all that must be known before anything is given away? */
bool company_is_known(const struct company *);
/* The questions that a visit's first call answers unasked, to be asked by us where it did not. */
void company_questions(struct mlc_xml *);
/* Tells by how much the PC's clock is ahead of UTC (fact gmt_offset), where an answer holds a stamped
 * record.  QuickBooks stamps with winter's offset the whole year (SOURCES.md). */
void company_clock(struct mlc_call *, const char *text);
/* NULL: it is the company that this connection means, and its facts are told.  Else a sentence for
 * people; *held: the host holds the connection already, and stores nothing that was told. */
const char *company_refused(struct mlc_call *, const struct company *, bool *held);

/* ---- the operations --------------------------------------------------------------------- */

const char *qbd_user(struct mlc_call *); /* "acme.books"; "" without a connection */
void qbd_guid(const char *nonce, char out[QBD_TICKET_SIZE]);

/* ---- live.c: hours in which a visit is held open ---------------------------------------- */

bool qbd_is_live(struct mlc_call *);            /* are there any? */
int64_t qbd_live_until(struct mlc_call *);      /* UTC: one that opens now is held until then; 0: not held */
unsigned qbd_live_pause_s(struct mlc_call *);   /* outside of them: how long until a visit is due; 0: it is */
const char *qbd_live_wrong(struct mlc_call *);  /* of the setting, for people; NULL: nothing */

mlc_step_fn qbd_poll, qbd_fetch, qbd_find, qbd_write, qbd_invite, qbd_serve;
extern const struct mlc_feed qbd_feeds[];

/* One reply of QuickBooks to one request, as gave() handed it on. */
enum {
	GAVE_ANSWER  = 200, /* the <...Rs> element */
	GAVE_REFUSED = 400, /* the parser refused the request; the text says how */
	GAVE_GARBAGE = 502, /* no qbXML came */
	GAVE_TROUBLE = 503  /* QuickBooks failed; the text says how */
};
struct answer {
	xmlDocPtr doc;
	const xmlNode *rs;
	int code;
	const char *message;
	/* where there is no rs: */
	enum mlc_fault fault;
	const char *text;
};
/* False: text and fault say why.  answer_close() it either way. */
bool answer_open(struct mlc_call *, struct answer *);
void answer_close(struct answer *);
bool answer_is_well(const struct answer *); /* it did, with or without a warning */
const char *answer_words(struct mlc_call *, const struct answer *); /* of its status, for people */

/* A question was not answered: nothing was changed by it, so asking again is always safe. */
enum mlc_step qbd_question_failed(struct mlc_call *, const struct answer *);

/* ---- reading by time: what the feeds share; all of it lies in poll_state ---- */

/* Where reading begins.  "@" and an instant: a person wants it read from there; QuickBooks' clock is
 * behind UTC by at most 11 hours in the United States.  False: no cursor of ours. */
bool qbd_begin_from(struct mlc_call *);
/* Remembers the newest change, as it came; what lies ahead was made by a wrong clock. */
void qbd_note_seen(struct mlc_call *, const char *stamp);
/* Commits what was read.  Nothing new: the cursor stays; where a person gave it, it becomes one of ours, or
 * the reading would begin there each time. */
void qbd_advance_to_seen(struct mlc_call *);
/* From and to ("": open), in their element where there is one; nothing where both are open. */
void qbd_put_window(struct mlc_xml *, const char *from, const char *to, const char *around, const char *noun);

/* gone.c */
mlc_step_fn qbd_poll_gone;
/* fetch: the deletions came; what is missing of the ids asked for last (poll_state) is told as deleted or merged,
 * or as not there although nobody deleted it.  MLC_SEND: first something else is asked, and its
 * answer goes to qbd_gone_came(); MLC_DONE: all are told; MLC_FAIL. */
enum mlc_step qbd_tell_gone(struct mlc_call *, const struct answer *);
enum mlc_step qbd_gone_came(struct mlc_call *, const struct answer *);
/* fetch: the ids that were asked for last, in read.c. */
const char *const *qbd_batch(struct mlc_call *);
/* What was deleted, of all types that we know: transactions, or names. */
enum mlc_step qbd_ask_deletions(struct mlc_call *, const char *id, bool txns, const char *from, const char *to);

/* poll, fetch and find of the ageing summaries. */
bool qbd_is_aging(const struct mlc_entity *);
mlc_step_fn qbd_aging;

/* A parked request: element without "Rq", attributes as they are to stand, members in inner. */
enum mlc_step qbd_ask(struct mlc_call *, const char *id, const char *element, const char *attributes,
	const struct mlc_xml *inner, bool changes);

#endif
