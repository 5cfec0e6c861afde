/* visits.c - many Web Connectors with a company file each, as light as they can be: what a visit costs us.
 *
 *   bench-visits -p PORT -s ADMIN_SOCKET -f INVOICES.qbxml -P PASSWORD -c CLIENTS -n VISITS
 *
 * Client i is t0001 and so on: user t0001.books at /serve/t0001/books.  At each of its visits 300 invoices have
 * changed, three pages of the 100 in the file; whatever else it is asked for, there is none of.  It asks for what
 * it is asked, under the requestIDs and iterators it was given.  The visits of all clients begin together, a
 * quarter of an hour of the host's clock (mlc run --test-clock) after the last ones. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE = 100,           /* invoices in the file, and in a page */
	PAGES = 3,
	MOST_CLIENTS = 64,
	BETWEEN_S = 16 * 60,  /* of the host's clock; visits are due each quarter of an hour */
	PAUSE_MS = 50,        /* for "NoOp", which is 5 s in truth: counted, too */
	MOST_PAUSES = 200,
	FIRST_ID = 0x1000
};

static const char company[] =
	"<?xml version=\"1.0\" ?><QBXML><QBXMLMsgsRs><HostQueryRs requestID=\"0\" statusCode=\"0\"><HostRet>"
	"<ProductName>QuickBooks Pro 2024</ProductName><MajorVersion>34</MajorVersion><MinorVersion>0</MinorVersion>"
	"<Country>US</Country><SupportedQBXMLVersion>13.0</SupportedQBXMLVersion><SupportedQBXMLVersion>16.0"
	"</SupportedQBXMLVersion><QBFileMode>SingleUser</QBFileMode></HostRet></HostQueryRs><CompanyQueryRs requestID=\"1\""
	" statusCode=\"0\"><CompanyRet><CompanyName>Bench LLC</CompanyName></CompanyRet></CompanyQueryRs><PreferencesQueryRs"
	" requestID=\"2\" statusCode=\"0\"><PreferencesRet><AccountingPreferences><IsUsingClassTracking>false"
	"</IsUsingClassTracking></AccountingPreferences></PreferencesRet></PreferencesQueryRs></QBXMLMsgsRs></QBXML>";

static void die(const char *what)
{
	fprintf(stderr, "bench-visits: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- text that grows ---------------------------------------------------------------------- */

struct text {
	char *at;
	size_t len, cap;
};

static void put(struct text *t, const char *bytes, size_t len)
{
	if (t->len + len + 1 > t->cap) {
		t->cap = (t->len + len + 1) * 2;
		t->at = realloc(t->at, t->cap);
		if (!t->at)
			die("memory");
	}
	memcpy(t->at + t->len, bytes, len);
	t->len += len;
	t->at[t->len] = 0;
}

static void say(struct text *t, const char *words)
{
	put(t, words, strlen(words));
}

static void escape(struct text *t, const char *words, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *name = words[i] == '<' ? "&lt;" : words[i] == '>' ? "&gt;" : words[i] == '&' ? "&amp;" : NULL;

		if (name)
			say(t, name);
		else
			put(t, words + i, 1);
	}
}

static void unescape(struct text *t, const char *words, size_t len)
{
	static const char *const names[] = { "lt;<", "gt;>", "amp;&", "quot;\"", "apos;'" };

	for (const char *end = words + len; words < end; words++) {
		size_t i = *words == '&' ? 0 : sizeof names / sizeof *names;

		for (; i < sizeof names / sizeof *names; i++) {
			size_t n = strlen(names[i]) - 1;

			if (!strncmp(words + 1, names[i], n)) {
				put(t, names[i] + n, 1);
				words += n;
				break;
			}
		}
		if (*words != ';' || i == sizeof names / sizeof *names)
			put(t, words, 1);
	}
}

/* ---- the company file ---------------------------------------------------------------------- */

/* The 100 invoices as they stand in SOAP, and where in each lies what differs from visit to visit. */
struct book {
	struct text text;
	size_t from[PAGE], to[PAGE], id[PAGE], edit[PAGE], modified[PAGE];
	unsigned visit;
	time_t clock;
};

static size_t member(const struct book *b, size_t from, const char *name, size_t size)
{
	char tag[64];
	const char *found;

	snprintf(tag, sizeof tag, "&lt;%s&gt;", name);
	found = strstr(b->text.at + from, tag);
	if (!found || found[strlen(tag) + size] != '&') {
		fprintf(stderr, "bench-visits: an invoice of the file has no %s of %zu characters\n", name, size);
		exit(2);
	}
	return (size_t)(found - b->text.at) + strlen(tag);
}

static void read_book(struct book *b, const char *path)
{
	static const char begin[] = "&lt;InvoiceRet&gt;", end[] = "&lt;/InvoiceRet&gt;";
	struct text plain = { 0 };
	char block[65536];
	FILE *f = fopen(path, "rb");
	size_t got, count = 0;

	if (!f)
		die(path);
	while ((got = fread(block, 1, sizeof block, f)) > 0)
		put(&plain, block, got);
	fclose(f);
	escape(&b->text, plain.at, plain.len);
	free(plain.at);
	for (const char *at = strstr(b->text.at, begin); at && count < PAGE; at = strstr(at, begin), count++) {
		b->from[count] = (size_t)(at - b->text.at);
		b->id[count] = member(b, b->from[count], "TxnID", 15);
		b->edit[count] = member(b, b->from[count], "EditSequence", 10);
		b->modified[count] = member(b, b->from[count], "TimeModified", 25);
		at = strstr(at, end);
		if (!at)
			break;
		at += strlen(end);
		b->to[count] = (size_t)(at - b->text.at);
	}
	if (count != PAGE) {
		fprintf(stderr, "bench-visits: %s holds %zu invoices, not %d\n", path, count, PAGE);
		exit(2);
	}
}

static void put_invoice(struct text *out, struct book *b, unsigned number)
{
	unsigned i = number % PAGE;
	char text[64];
	struct tm tm;

	snprintf(text, sizeof text, "%04X-%010u", FIRST_ID + number, 1709542000u);
	memcpy(b->text.at + b->id[i], text, 15);
	snprintf(text, sizeof text, "%010u", 1709542000u + b->visit);
	memcpy(b->text.at + b->edit[i], text, 10);
	gmtime_r(&b->clock, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+00:00", &tm);
	memcpy(b->text.at + b->modified[i], text, 25);
	put(out, b->text.at + b->from[i], b->to[i] - b->from[i]);
}

static bool attribute(const char *tag, const char *name, char out[64])
{
	char wanted[32];
	const char *end = strchr(tag, '>'), *at;

	snprintf(wanted, sizeof wanted, " %s=\"", name);
	at = strstr(tag, wanted);
	*out = 0;
	if (!at || !end || at > end)
		return false;
	at += strlen(wanted);
	snprintf(out, 64, "%.*s", (int)strcspn(at, "\""), at);
	return true;
}

struct tally {
	bool well;
	unsigned exchanges, invoices, pauses;
	size_t largest; /* answer, in bytes of SOAP */
	uint64_t ns;
};

/* The answer to one request, whose tag begins at `at`: invoices by id, a page of them, how many there are, or none. */
static void answer_one(struct text *out, struct book *b, const char *at, size_t len, struct tally *t)
{
	size_t name = strcspn(at, " >");
	bool invoices = !strncmp(at, "InvoiceQueryRq", name);
	char id[64], iterator[64], word[64], tag[512];
	unsigned page = 0;

	attribute(at, "requestID", id);
	if (attribute(at, "iterator", word) && !strcmp(word, "Continue") && attribute(at, "iteratorID", iterator))
		page = (unsigned)strtoul(iterator + 1, NULL, 10);
	snprintf(tag, sizeof tag, "<%.*ss requestID=\"%s\" statusCode=\"%d\" statusSeverity=\"Info\" statusMessage=\"\"",
		(int)name - 1, at, id, invoices ? 0 : 1);
	escape(out, tag, strlen(tag));
	if (invoices && attribute(at, "metaData", word)) {
		snprintf(tag, sizeof tag, " retCount=\"%d\">", PAGES * PAGE);
		escape(out, tag, strlen(tag));
	} else if (invoices && memmem(at, len, "<TxnID>", 7)) {
		escape(out, ">", 1);
		for (const char *one = at; (one = strstr(one, "<TxnID>")) != NULL && one < at + len; one++)
			put_invoice(out, b, (unsigned)strtoul(one + 7, NULL, 16) - FIRST_ID);
	} else if (invoices) {
		snprintf(tag, sizeof tag, " iteratorRemainingCount=\"%u\" iteratorID=\"{%036u}\">", (PAGES - 1 - page) * PAGE, page + 1);
		escape(out, tag, strlen(tag));
		for (unsigned i = 0; i < PAGE; i++)
			put_invoice(out, b, page * PAGE + i);
		t->invoices += PAGE;
	} else {
		escape(out, ">", 1);
	}
	snprintf(tag, sizeof tag, "</%.*ss>", (int)name - 1, at);
	escape(out, tag, strlen(tag));
}

static void answer_set(struct text *out, struct book *b, const char *set, struct tally *t)
{
	const char *at = strstr(set, "<QBXMLMsgsRq");

	out->len = 0;
	say(out, "&lt;?xml version=\"1.0\" ?&gt;&lt;QBXML&gt;&lt;QBXMLMsgsRs&gt;");
	at = at ? strchr(at, '>') : NULL;
	while (at && (at = strchr(at, '<')) != NULL && at[1] != '/') {
		char close[96];
		const char *end;

		snprintf(close, sizeof close, "</%.*s>", (int)strcspn(at + 1, " />"), at + 1);
		end = strstr(at, close);
		if (!end)
			break;
		answer_one(out, b, at + 1, (size_t)(end - at), t);
		at = end + strlen(close);
	}
	say(out, "&lt;/QBXMLMsgsRs&gt;&lt;/QBXML&gt;");
}

/* ---- SOAP over one connection ------------------------------------------------------------------- */

struct client {
	struct book book;
	int port, fd;
	unsigned number;
	const char *password;
	struct text sent, came, asked, give;
};

static void send_all(int fd, const char *at, size_t len)
{
	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			die("send");
		at += n;
		len -= (size_t)n;
	}
}

/* Reads one whole reply; gives its body. */
static const char *read_reply(int fd, struct text *came)
{
	char block[65536];
	const char *body = NULL;
	size_t length = 0;

	came->len = 0;
	while (!body || came->len < (size_t)(body - came->at) + length) {
		ssize_t n = recv(fd, block, sizeof block, 0);

		if (n <= 0)
			die("the host hung up");
		size_t at = body ? (size_t)(body - came->at) : 0;
		put(came, block, (size_t)n);
		body = at ? came->at + at : strstr(came->at, "\r\n\r\n");
		if (!at && body) {
			const char *said = strcasestr(came->at, "content-length:");

			length = said ? strtoul(said + 15, NULL, 10) : 0;
			body += 4;
		}
	}
	return body;
}

static int connected(const struct client *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)c->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* What stands in <...Result>, markup and all; "" where there is nothing. */
static const char *call(struct client *c, const char *method, const struct text *params)
{
	char head[512], tag[64];
	const char *body, *result, *end;
	struct text *s = &c->sent;

	s->len = 0;
	say(s, "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body><");
	say(s, method);
	say(s, " xmlns=\"http://developer.intuit.com/\">");
	put(s, params->at, params->len);
	say(s, "</");
	say(s, method);
	say(s, "></soap:Body></soap:Envelope>");
	snprintf(head, sizeof head, "POST /serve/t%04u/books HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: text/xml; charset=utf-8\r\n"
		"SOAPAction: \"http://developer.intuit.com/%s\"\r\nContent-Length: %zu\r\n\r\n", c->number, c->port, method, s->len);
	send_all(c->fd, head, strlen(head));
	send_all(c->fd, s->at, s->len);
	body = read_reply(c->fd, &c->came);
	snprintf(tag, sizeof tag, "<%sResult>", method);
	result = strstr(body, tag);
	snprintf(head, sizeof head, "</%sResult>", method);
	end = result ? strstr(result, head) : NULL;
	c->asked.len = 0;
	put(&c->asked, "", 0);
	if (end)
		unescape(&c->asked, result + strlen(tag), (size_t)(end - result) - strlen(tag));
	return c->asked.at;
}

static void param(struct text *p, const char *name, const char *escaped)
{
	say(p, "<");
	say(p, name);
	say(p, ">");
	say(p, escaped);
	say(p, "</");
	say(p, name);
	say(p, ">");
}

static bool log_in(struct client *c, char ticket[64])
{
	struct text p = { 0 };
	char user[32];
	const char *said, *word;

	snprintf(user, sizeof user, "t%04u.books", c->number);
	param(&p, "strUserName", user);
	param(&p, "strPassword", c->password);
	said = call(c, "authenticate", &p);
	free(p.at);
	if (strncmp(said, "<string>", 8))
		return false;
	snprintf(ticket, 64, "%.*s", (int)strcspn(said + 8, "<"), said + 8);
	word = strstr(said + 8, "<string>");
	return word && word[8] == '<'; /* "": the file that is open; neither "none" nor "nvu" */
}

static bool exchanges(struct client *c, const char *ticket, struct tally *t)
{
	struct text p = { 0 };
	bool first = true;
	int percent = 0;

	while (percent >= 0 && percent < 100 && t->pauses < MOST_PAUSES) {
		const char *set;

		p.len = 0;
		param(&p, "ticket", ticket);
		say(&p, "<strHCPResponse>");
		if (first)
			escape(&p, company, strlen(company));
		say(&p, "</strHCPResponse><strCompanyFileName>C:\\bench.qbw</strCompanyFileName><qbXMLCountry>US</qbXMLCountry>"
			"<qbXMLMajorVers>16</qbXMLMajorVers><qbXMLMinorVers>0</qbXMLMinorVers>");
		first = false;
		set = call(c, "sendRequestXML", &p);
		if (!*set) {
			p.len = 0;
			param(&p, "ticket", ticket);
			if (strcmp(call(c, "getLastError", &p), "NoOp"))
				break;
			t->pauses++;
			usleep(PAUSE_MS * 1000);
			continue;
		}
		answer_set(&c->give, &c->book, set, t);
		p.len = 0;
		param(&p, "ticket", ticket);
		param(&p, "response", c->give.at);
		param(&p, "hresult", "");
		param(&p, "message", "");
		percent = atoi(call(c, "receiveResponseXML", &p));
		t->exchanges++;
		if (c->sent.len > t->largest)
			t->largest = c->sent.len;
	}
	free(p.at);
	return percent == 100;
}

static struct tally visit(struct client *c)
{
	struct tally t = { 0 };
	struct text p = { 0 };
	char ticket[64] = "";
	uint64_t began = now_ns();

	c->fd = connected(c);
	put(&p, "", 0);
	call(c, "serverVersion", &p);
	param(&p, "strVersion", "2.3.0.215");
	call(c, "clientVersion", &p);
	t.well = log_in(c, ticket) && exchanges(c, ticket, &t);
	p.len = 0;
	param(&p, "ticket", ticket);
	call(c, "closeConnection", &p);
	close(c->fd);
	free(p.at);
	t.ns = now_ns() - began;
	return t;
}

/* ---- all together --------------------------------------------------------------------------------- */

static void advance(const char *path, int seconds)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct text came = { 0 };
	char body[64], text[256];

	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die(path);
	snprintf(body, sizeof body, "{\"ms\":%d}", seconds * 1000);
	snprintf(text, sizeof text, "POST /api/v1/advance HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		"\r\n%s", strlen(body), body);
	send_all(fd, text, strlen(text));
	read_reply(fd, &came);
	if (strncmp(came.at, "HTTP/1.1 200", 12)) {
		fprintf(stderr, "bench-visits: the clock does not move: %.200s\n", came.at);
		exit(2);
	}
	free(came.at);
	close(fd);
}

static void run_client(struct client *c, int orders, int reports)
{
	unsigned number;

	while (read(orders, &number, sizeof number) == sizeof number) {
		struct tally t;

		c->book.visit = number;
		c->book.clock = time(NULL) + (time_t)number * BETWEEN_S;
		t = visit(c);
		if (write(reports, &t, sizeof t) != sizeof t)
			_exit(2);
	}
	_exit(0);
}

static void report(const struct tally *sum, unsigned clients, unsigned visits, unsigned failed, double seconds)
{
	printf("{\"clients\":%u,\"visits\":%u,\"failed\":%u,\"exchanges\":%u,\"invoices\":%u,\"pauses\":%u,\"seconds\":%.3f,"
		"\"visits_per_s\":%.2f,\"mean_visit_ms\":%.2f,\"answer_bytes\":%zu}\n", clients, visits, failed, sum->exchanges, sum->invoices,
		sum->pauses, seconds, (visits - failed) / seconds, (double)sum->ns / visits / 1e6, sum->largest);
}

int main(int argc, char **argv)
{
	struct client c = { .password = "" };
	const char *file = NULL, *admin = NULL;
	unsigned clients = 1, visits = 10, failed = 0, before = 0;
	int orders[MOST_CLIENTS][2], reports[2], option;
	struct tally sum = { 0 };
	double seconds = 0;

	while ((option = getopt(argc, argv, "p:s:f:P:c:n:b:")) > 0)
		switch (option) {
		case 'p': c.port = atoi(optarg); break;
		case 's': admin = optarg; break;
		case 'f': file = optarg; break;
		case 'P': c.password = optarg; break;
		case 'c': clients = (unsigned)atoi(optarg); break;
		case 'n': visits = (unsigned)atoi(optarg); break;
		case 'b': before = (unsigned)atoi(optarg); break; /* visits that other runs have made */
		default: return 2;
		}
	if (!file || !admin || !clients || clients > MOST_CLIENTS || pipe(reports) < 0) {
		fprintf(stderr, "usage: bench-visits -p PORT -s ADMIN_SOCKET -f INVOICES.qbxml -P PASSWORD -c CLIENTS -n VISITS [-b BEFORE]\n");
		return 2;
	}
	read_book(&c.book, file);
	for (unsigned i = 0; i < clients; i++) {
		if (pipe(orders[i]) < 0)
			die("pipe");
		if (!fork()) {
			c.number = i + 1;
			for (unsigned k = 0; k <= i; k++)
				close(orders[k][1]);
			run_client(&c, orders[i][0], reports[1]);
		}
	}
	close(reports[1]);
	for (unsigned v = before + 1; v <= before + visits; v++) {
		uint64_t began;

		advance(admin, BETWEEN_S);
		began = now_ns();
		for (unsigned i = 0; i < clients; i++)
			if (write(orders[i][1], &v, sizeof v) != sizeof v)
				die("a client");
		for (unsigned i = 0; i < clients; i++) {
			struct tally t;

			if (read(reports[0], &t, sizeof t) != sizeof t)
				die("a client");
			failed += !t.well || t.invoices != PAGES * PAGE;
			sum.exchanges += t.exchanges;
			sum.invoices += t.invoices;
			sum.pauses += t.pauses;
			sum.ns += t.ns;
			sum.largest = t.largest > sum.largest ? t.largest : sum.largest;
		}
		seconds += (double)(now_ns() - began) / 1e9;
	}
	for (unsigned i = 0; i < clients; i++)
		close(orders[i][1]);
	while (wait(NULL) > 0)
		continue;
	report(&sum, clients, clients * visits, failed, seconds);
	return failed ? 1 : 0;
}
