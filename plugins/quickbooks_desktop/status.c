/* status.c - QuickBooks' codes: what the host does next, and what a person is told.
 *
 * Sources: Intuit "Status codes in response messages" and the Onscreen Reference's error page;
 * consolibyte/quickbooks-php Callbacks/SQL/Errors.php (which codes are worth another try);
 * quickbooks-desktop-node release notes (3231); HRESULTs: Intuit's WCWebService sample and shipped
 * products' tables; QBWC codes: the Programmer's Guide's error list.  Texts in answers are localised
 * and change: only the codes count. */
#include "qbd.h"

#include <stdlib.h>

/* The code; the host's next move for a new record (and for reading), and for one that is there; what
 * it means; what to do. */
#define STATUSES(X) \
	X(1, REFUSED, STALE, \
		"QuickBooks found nothing", \
		"nothing: it is an empty answer") \
	X(500, STALE, STALE, \
		"some of the records asked for are not there", \
		"nothing: what is missing was deleted in QuickBooks") \
	X(1000, IN_DOUBT, IN_DOUBT, \
		"QuickBooks had an internal error", \
		"it is looked up and tried again by itself; if it stays, verify the " \
		"company file (File, Utilities)") \
	X(1010, RETRY, RETRY, \
		"QuickBooks is not available at the moment", \
		"it is tried again by itself") \
	X(1030, REFUSED, REFUSED, \
		"this edition of QuickBooks does not know this request", \
		"use an edition that has it, or switch off the mapping that needs it") \
	X(1060, BROKEN, BROKEN, \
		"our request's id is too long", \
		"report it: this is a fault of the connector") \
	X(3000, REFUSED, STALE, \
		"an id in it is not one of this company file", \
		"the record was deleted, or the file restored from a backup: look at mlc " \
		"list review") \
	X(3010, REFUSED, REFUSED, \
		"a yes or no in it is neither", \
		"mend the mapping or the record") \
	X(3020, REFUSED, REFUSED, \
		"a date in it is none", \
		"mend the mapping or the record") \
	X(3030, REFUSED, REFUSED, \
		"a range of dates in it is none", \
		"report it: this is a fault of the connector") \
	X(3031, REFUSED, REFUSED, \
		"a range of names in it is none", \
		"report it: this is a fault of the connector") \
	X(3035, REFUSED, REFUSED, \
		"a length of time in it is none", \
		"mend the mapping or the record") \
	X(3040, REFUSED, REFUSED, \
		"an amount in it is none", \
		"mend the mapping or the record: at most 13 digits and two decimals") \
	X(3045, REFUSED, REFUSED, \
		"a price in it is none", \
		"mend the mapping or the record: at most five decimals") \
	X(3050, REFUSED, REFUSED, \
		"a percentage in it is none", \
		"mend the mapping or the record") \
	X(3060, REFUSED, REFUSED, \
		"a quantity in it is none", \
		"mend the mapping or the record") \
	X(3065, REFUSED, REFUSED, \
		"a GUID in it is none", \
		"mend the mapping or the record") \
	X(3070, REFUSED, REFUSED, \
		"a text in it is too long for QuickBooks", \
		"shorten it in the mapping (trim)") \
	X(3080, REFUSED, REFUSED, \
		"a text in it is not one that QuickBooks takes", \
		"mend the mapping or the record") \
	X(3085, REFUSED, REFUSED, \
		"a number in it is not one that QuickBooks takes", \
		"mend the mapping or the record") \
	X(3090, REFUSED, REFUSED, \
		"a name in it is not one that QuickBooks takes", \
		"mend the name: no colon, no control characters") \
	X(3100, STALE, REFUSED, \
		"the name is in use: by a customer, vendor, employee or other name, " \
		"active or not", \
		"adopt the record that has the name, or give the new one another") \
	X(3110, REFUSED, REFUSED, \
		"a word in it is not one of those that QuickBooks takes there", \
		"mend the mapping: mlc schema tells the words") \
	X(3120, REFUSED, STALE, \
		"what it refers to is not there, or was deleted", \
		"it may have been deleted: decide whether to post it again") \
	X(3130, REFUSED, REFUSED, \
		"the parent that it names is not there", \
		"make the parent first") \
	X(3140, REFUSED, REFUSED, \
		"an item, customer, account, term or the like that it names is not in " \
		"QuickBooks, or inactive there", \
		"make it in QuickBooks, or mend the name in the mapping or answers.csv; " \
		"then mlc release") \
	X(3150, REFUSED, REFUSED, \
		"something that QuickBooks needs is missing in it", \
		"give it in the mapping") \
	X(3151, REFUSED, REFUSED, \
		"something in it was not taken by QuickBooks", \
		"mend the mapping") \
	X(3153, REFUSED, REFUSED, \
		"two things in it exclude each other", \
		"give only one of them") \
	X(3160, REFUSED, REFUSED, \
		"it cannot be deleted, mostly because transactions use it: make it " \
		"inactive instead", \
		"make it inactive in QuickBooks") \
	X(3161, REFUSED, REFUSED, \
		"QuickBooks must be in single-user mode for this", \
		"File, Switch to Single-user Mode; then mlc release") \
	X(3162, REFUSED, REFUSED, \
		"QuickBooks cannot do this in multi-user mode", \
		"File, Switch to Single-user Mode; then mlc release") \
	X(3170, RETRY, STALE, \
		"it could not be changed; someone else may have changed it just now", \
		"it is read again and tried by itself") \
	X(3171, REFUSED, REFUSED, \
		"closed period: its date is on or before the closing date of the books", \
		"post it in an open period (closed_period), or move the closing date and " \
		"mlc release") \
	X(3173, REFUSED, STALE, \
		"something that it refers to was changed or deleted meanwhile", \
		"it is read again and tried by itself") \
	X(3175, RETRY, RETRY, \
		"someone has it open in QuickBooks", \
		"close its window in QuickBooks; it is tried again by itself") \
	X(3176, RETRY, RETRY, \
		"someone has something that it refers to open in QuickBooks", \
		"close the windows in QuickBooks; it is tried again by itself") \
	X(3180, RETRY, RETRY, \
		"QuickBooks could not save it", \
		"it is tried again by itself; the words behind the code say what is in " \
		"the way") \
	X(3185, REFUSED, REFUSED, \
		"it cannot be voided", \
		"void it by hand, or leave it") \
	X(3190, REFUSED, REFUSED, \
		"something in it cannot be cleared", \
		"mend the mapping") \
	X(3200, STALE, STALE, \
		"it was changed in QuickBooks since we read it", \
		"it is read again, put together anew and tried by itself") \
	X(3210, REFUSED, REFUSED, \
		"QuickBooks does not accept it as it is", \
		"the words behind the code name the field") \
	X(3220, REFUSED, REFUSED, \
		"the QuickBooks user may not do this", \
		"give the user of the Web Connector the permission (Company, Users)") \
	X(3230, RETRY, RETRY, \
		"it was not tried, because another of the set failed", \
		"it is tried again by itself") \
	X(3231, RETRY, RETRY, \
		"it was not tried, because another of the set failed", \
		"it is tried again by itself") \
	X(3240, REFUSED, STALE, \
		"the id belongs to another record, or to another company file", \
		"look at mlc list review") \
	X(3250, REFUSED, REFUSED, \
		"a feature that it needs is switched off, or not in this edition of " \
		"QuickBooks", \
		"switch the feature on in QuickBooks (Edit, Preferences), or take it out " \
		"of the mapping") \
	X(3260, REFUSED, REFUSED, \
		"the QuickBooks user has no permission for this", \
		"give the user of the Web Connector the permission (Company, Users)") \
	X(3261, REFUSED, REFUSED, \
		"access to personal data has not been granted to this program", \
		"Edit, Preferences, Integrated Applications, Properties: allow access to " \
		"personal data") \
	X(3270, REFUSED, REFUSED, \
		"the account that it would post to is missing", \
		"give the item its account in QuickBooks") \
	X(3290, REFUSED, STALE, \
		"its lines are not in the order that QuickBooks has them in", \
		"it is read again and tried by itself")

#define HRESULTS(X) \
	X(80040400, PARSER, \
		"QuickBooks could not read our request; nothing of it was done", \
		"each request of the set is tried by itself; the one that is held names " \
		"the cause") \
	X(80040401, PASSING, \
		"QuickBooks could not be reached", \
		"start QuickBooks; the next update tries again") \
	X(80040402, UNKNOWN, \
		"QuickBooks had an unexpected error", \
		"nothing is entered twice: the outcome is asked for at the next update; " \
		"if it stays, restart QuickBooks") \
	X(80040403, COMPANY_FILE, \
		"the company file could not be opened", \
		"open the company file in QuickBooks by hand once") \
	X(80040404, PASSING, \
		"QuickBooks' request processor had an error", \
		"the next update tries again") \
	X(80040406, COMPANY_FILE, \
		"there is no such company file", \
		"check the setting company_file, or leave it out") \
	X(80040408, PASSING, \
		"QuickBooks could not be started: a window of it may be waiting for " \
		"someone, it may be starting already, or run under another Windows user", \
		"at the QuickBooks machine close windows that wait, and run QuickBooks " \
		"and the Web Connector under the same Windows user, neither as " \
		"administrator") \
	X(8004040A, COMPANY_FILE, \
		"another company file is open in QuickBooks", \
		"open the company file of this connection") \
	X(80040410, COMPANY_FILE, \
		"the company file is open in another mode", \
		"close the company file and open it again") \
	X(80040414, PASSING, \
		"a window in QuickBooks waits for someone: close it", \
		"close the window in QuickBooks") \
	X(80040416, COMPANY_FILE, \
		"QuickBooks is not running: start it and open the company file", \
		"start QuickBooks and open the company file") \
	X(80040417, COMPANY_FILE, \
		"QuickBooks is running, but no company file is open in it", \
		"open the company file, or set company_file") \
	X(80040418, PERSON, \
		"the administrator of the company file must grant access first: open it " \
		"as Admin in single-user mode and start the update in the Web Connector", \
		"log in as Admin in single-user mode, start the update in the Web " \
		"Connector, answer: yes, always") \
	X(8004041A, PERSON, \
		"this program has no permission in the company file: Edit, Preferences, " \
		"Integrated Applications", \
		"Edit, Preferences, Integrated Applications: allow it") \
	X(8004041B, PERSON, \
		"this program is not authorised in the company file: Edit, Preferences, " \
		"Integrated Applications", \
		"Edit, Preferences, Integrated Applications: allow it") \
	X(8004041C, PERSON, \
		"integrated applications are switched off in the company file", \
		"Edit, Preferences, Integrated Applications: take the tick from the " \
		"first line") \
	X(8004041D, PERSON, \
		"this program may not log in by itself: open QuickBooks, or allow it in " \
		"Edit, Preferences, Integrated Applications, Properties", \
		"open QuickBooks, or allow log-in in Integrated Applications, Properties") \
	X(8004041F, PERSON, \
		"this edition of QuickBooks cannot be used by other programs", \
		"use an edition that can be integrated") \
	X(80040420, PERSON, \
		"someone at the QuickBooks machine refused the access", \
		"start the update again and answer: yes, always") \
	X(80040422, PASSING, \
		"another program holds QuickBooks in single-user mode: wait until it is " \
		"done", \
		"wait until the other program is done") \
	X(80040424, PASSING, \
		"QuickBooks has not finished starting", \
		"wait; the next update tries again") \
	X(80040438, PERSON, \
		"several QuickBooks run at once: close all but one", \
		"close all QuickBooks but one; if none is to be seen, restart the machine")

static const struct qbd_status statuses[] = {
#define X(code, create, change, means, cure) { code, MLC_##create, MLC_##change, means },
	STATUSES(X)
#undef X
};
static const struct qbd_status unknown_status = { 0, MLC_REFUSED, MLC_REFUSED,
	"QuickBooks refused it" };

static const struct qbd_hresult hresults[] = {
#define X(code, trouble, means, cure) { 0x##code, QBD_##trouble, means, cure },
	HRESULTS(X)
#undef X
};
static const struct qbd_hresult unknown_hresult = { 0, QBD_UNKNOWN, "QuickBooks had an error",
	"the next update tries again" };

const struct mlc_code qbd_codes[] = {
#define X(code, create, change, means, cure) { #code, means, cure },
	STATUSES(X)
#undef X
#define X(code, trouble, means, cure) { "0x" #code, means, cure },
	HRESULTS(X)
#undef X
	/* warnings: the answer is there, and what was to be written is */
	{ "510", "something that was asked for cannot be told", "nothing" },
	{ "530", "QuickBooks does not know one of the fields of the request, and left it out",
		"take the field out of the mapping, or use an edition that has it" },
	{ "531", "QuickBooks does not know one of the words in the request, and left it out",
		"mend the mapping: mlc schema tells the words" },
	{ "550", "it was saved, its notes were not", "add the notes in QuickBooks" },
	{ "560", "the request uses something that QuickBooks will give up", "report it to the connector's author" },
	{ "570", "the document that it was linked to is closed; it was saved without the link",
		"look at the document in QuickBooks" },
	/* of message sets */
	{ "600", "QuickBooks remembers no such set of entries",
		"nothing: there was nothing to forget" },
	{ "9001", "the set of entries is not the one that QuickBooks remembers under its id",
		"each entry is looked up; report it: this is a fault of the connector" },
	{ "9002", "QuickBooks remembers no outcome of the set of entries",
		"each entry is looked up before it is made again" },
	{ "9003", "a code of message sets that QuickBooks does not use",
		"each entry is looked up" },
	{ "9004", "the id of the set is too long",
		"report it: this is a fault of the connector" },
	{ "9005", "QuickBooks could not store the outcome of the set",
		"each entry without an answer is looked up; verify the company file (File, "
		"Utilities)" },
	/* of the Web Connector itself */
	{ "QBWC1000", "AppURL and AppSupport in the .qwc file are of different hosts",
		"take the file from mlc qwc as it is" },
	{ "QBWC1001", "the address is a number",
		"give public_url with a host name, and take a new file from mlc qwc" },
	{ "QBWC1002", "the support address is a number",
		"give public_url with a host name, and take a new file from mlc qwc" },
	{ "QBWC1003", "the support address does not answer",
		"open it in a browser on the QuickBooks machine: is the host running, and "
		"reachable from there?" },
	{ "QBWC1004", "the support address does not answer well",
		"open it in a browser on the QuickBooks machine: it has to show a sentence" },
	{ "QBWC1007", "QuickBooks could not be opened, and the Web Connector tries once more",
		"look at the code beside it" },
	{ "QBWC1010", "the address is not https",
		"put the host behind https; plain http is for localhost only" },
	{ "QBWC1012", "logging in to us failed",
		"mlc visits tells whether the call arrived; if not: is the host reachable, its "
		"certificate trusted by Windows?" },
	{ "QBWC1013", "the address is none", "take the file from mlc qwc as it is" },
	{ "QBWC1026", "the file number is in use in another company file",
		"one connection, one company file: take the .qwc of this one" },
	{ "QBWC1031", "the update ended with an error",
		"look at the text beside it, and at mlc visits" },
	{ "QBWC1036", "the version check failed", "nothing: the update goes on" },
	{ "QBWC1039", "this company file bears the stamp of another .qwc file of ours",
		"remove the application in the Web Connector and add the .qwc of this "
		"connection; mlc qwc gives the same one each time" },
	{ "QBWC1041", "asking us for work failed",
		"nothing: the next update goes on from here, and nothing is entered twice" },
	{ "QBWC1042", "giving us an answer failed",
		"nothing: the next update asks again, and nothing is entered twice" },
	{ "QBWC1043", "telling us of an error failed", "nothing: the next update tries again" },
	{ "QBWC1044", "asking us for the last error failed",
		"nothing: the next update tries again" },
	{ "QBWC1045", "saying good-bye failed", "nothing" },
	{ "QBWC1046", "the version check got an answer that is none",
		"report it: this is a fault of the connector" },
	{ "QBWC1048", "the certificate of the address could not be checked",
		"open the address in a browser on the QuickBooks machine: Windows has to trust "
		"its certificate" },
	{ NULL, NULL, NULL }
};

const struct qbd_status *qbd_status(int code)
{
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		if (statuses[i].code == code)
			return &statuses[i];
	return &unknown_status;
}

const struct qbd_hresult *qbd_hresult(const char *text)
{
	unsigned long long code = strtoull(text, NULL, 16);

	for (size_t i = 0; i < sizeof hresults / sizeof *hresults; i++)
		if (hresults[i].code == (uint32_t)code)
			return &hresults[i];
	return &unknown_hresult;
}
