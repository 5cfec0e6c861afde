/* status.c - QuickBooks' codes: what the host does next, and what a person is told.
 *
 * Sources: Intuit "Status codes in response messages" and the Onscreen Reference's error page;
 * consolibyte/quickbooks-php Callbacks/SQL/Errors.php (which codes are worth another try);
 * quickbooks-desktop-node release notes (3231); HRESULTs: Intuit's WCWebService sample and shipped
 * products' tables.  Texts in answers are localised and change: only the codes count. */
#include "qbd.h"

#include <stdlib.h>

/* create: of a new record, and of reading; change: of one that is there. */
static const struct qbd_status statuses[] = {
	{ 1, MLC_REFUSED, MLC_STALE, "QuickBooks found nothing" },
	{ 500, MLC_STALE, MLC_STALE, "some of the records asked for are not there" },
	{ 1000, MLC_IN_DOUBT, MLC_IN_DOUBT, "QuickBooks had an internal error" },
	{ 1010, MLC_RETRY, MLC_RETRY, "QuickBooks is not available at the moment" },
	{ 1030, MLC_REFUSED, MLC_REFUSED, "this edition of QuickBooks does not know this request" },
	{ 1060, MLC_BROKEN, MLC_BROKEN, "our request's id is too long" },
	{ 3000, MLC_REFUSED, MLC_STALE, "an id in it is not one of this company file" },
	{ 3010, MLC_REFUSED, MLC_REFUSED, "a yes or no in it is neither" },
	{ 3020, MLC_REFUSED, MLC_REFUSED, "a date in it is none" },
	{ 3030, MLC_REFUSED, MLC_REFUSED, "a range of dates in it is none" },
	{ 3031, MLC_REFUSED, MLC_REFUSED, "a range of names in it is none" },
	{ 3035, MLC_REFUSED, MLC_REFUSED, "a length of time in it is none" },
	{ 3040, MLC_REFUSED, MLC_REFUSED, "an amount in it is none" },
	{ 3045, MLC_REFUSED, MLC_REFUSED, "a price in it is none" },
	{ 3050, MLC_REFUSED, MLC_REFUSED, "a percentage in it is none" },
	{ 3060, MLC_REFUSED, MLC_REFUSED, "a quantity in it is none" },
	{ 3065, MLC_REFUSED, MLC_REFUSED, "a GUID in it is none" },
	{ 3070, MLC_REFUSED, MLC_REFUSED, "a text in it is too long for QuickBooks" },
	{ 3080, MLC_REFUSED, MLC_REFUSED, "a text in it is not one that QuickBooks takes" },
	{ 3085, MLC_REFUSED, MLC_REFUSED, "a number in it is not one that QuickBooks takes" },
	{ 3090, MLC_REFUSED, MLC_REFUSED, "a name in it is not one that QuickBooks takes" },
	{ 3100, MLC_STALE, MLC_REFUSED,
		"the name is in use: by a customer, vendor, employee or other name, active or not" },
	{ 3110, MLC_REFUSED, MLC_REFUSED, "a word in it is not one of those that QuickBooks takes there" },
	{ 3120, MLC_REFUSED, MLC_STALE, "what it refers to is not there, or was deleted" },
	{ 3130, MLC_REFUSED, MLC_REFUSED, "the parent that it names is not there" },
	{ 3140, MLC_REFUSED, MLC_REFUSED,
		"an item, customer, account, term or the like that it names is not in QuickBooks" },
	{ 3150, MLC_REFUSED, MLC_REFUSED, "something that QuickBooks needs is missing in it" },
	{ 3151, MLC_REFUSED, MLC_REFUSED, "something in it was not taken by QuickBooks" },
	{ 3153, MLC_REFUSED, MLC_REFUSED, "two things in it exclude each other" },
	{ 3160, MLC_REFUSED, MLC_REFUSED,
		"it cannot be deleted, mostly because transactions use it: make it inactive instead" },
	{ 3161, MLC_REFUSED, MLC_REFUSED, "QuickBooks must be in single-user mode for this" },
	{ 3162, MLC_REFUSED, MLC_REFUSED, "QuickBooks cannot do this in multi-user mode" },
	{ 3170, MLC_RETRY, MLC_STALE, "it could not be changed; someone else may have changed it just now" },
	{ 3171, MLC_REFUSED, MLC_REFUSED,
		"closed period: its date is on or before the closing date of the books" },
	{ 3173, MLC_REFUSED, MLC_STALE, "something that it refers to was changed or deleted meanwhile" },
	{ 3175, MLC_RETRY, MLC_RETRY, "someone has it open in QuickBooks" },
	{ 3176, MLC_RETRY, MLC_RETRY, "someone has something that it refers to open in QuickBooks" },
	{ 3180, MLC_RETRY, MLC_RETRY, "QuickBooks could not save it" },
	{ 3185, MLC_REFUSED, MLC_REFUSED, "it cannot be voided" },
	{ 3190, MLC_REFUSED, MLC_REFUSED, "something in it cannot be cleared" },
	{ 3200, MLC_STALE, MLC_STALE, "it was changed in QuickBooks since we read it" },
	{ 3210, MLC_REFUSED, MLC_REFUSED, "QuickBooks does not accept it as it is" },
	{ 3220, MLC_REFUSED, MLC_REFUSED, "the QuickBooks user may not do this" },
	{ 3230, MLC_RETRY, MLC_RETRY, "it was not tried, because another of the set failed" },
	{ 3231, MLC_RETRY, MLC_RETRY, "it was not tried, because another of the set failed" },
	{ 3240, MLC_REFUSED, MLC_STALE, "the id belongs to another record, or to another company file" },
	{ 3250, MLC_REFUSED, MLC_REFUSED,
		"a feature that it needs is switched off, or not in this edition of QuickBooks" },
	{ 3260, MLC_REFUSED, MLC_REFUSED, "the QuickBooks user has no permission for this" },
	{ 3261, MLC_REFUSED, MLC_REFUSED, "access to personal data has not been granted to this program" },
	{ 3270, MLC_REFUSED, MLC_REFUSED, "the account that it would post to is missing" },
	{ 3290, MLC_REFUSED, MLC_STALE, "its lines are not in the order that QuickBooks has them in" },
};
static const struct qbd_status unknown_status = { 0, MLC_REFUSED, MLC_REFUSED,
	"QuickBooks refused it" };

static const struct qbd_hresult hresults[] = {
	{ 0x80040400, QBD_PARSER, "QuickBooks could not read our request; nothing of it was done" },
	{ 0x80040401, QBD_PASSING, "QuickBooks could not be reached" },
	{ 0x80040402, QBD_UNKNOWN, "QuickBooks had an unexpected error" },
	{ 0x80040403, QBD_COMPANY_FILE,
		"the company file could not be opened: open it in QuickBooks by hand once" },
	{ 0x80040404, QBD_PASSING, "QuickBooks' request processor had an error" },
	{ 0x80040406, QBD_COMPANY_FILE,
		"there is no such company file: check company_file, or leave it out" },
	{ 0x80040408, QBD_PASSING, "QuickBooks could not be started: a window of it may be waiting for "
		"someone, it may be starting already, or run under another Windows user" },
	{ 0x8004040A, QBD_COMPANY_FILE,
		"another company file is open in QuickBooks: open the one of this connection" },
	{ 0x80040410, QBD_COMPANY_FILE, "the company file is open in another mode" },
	{ 0x80040414, QBD_PASSING, "a window in QuickBooks waits for someone: close it" },
	{ 0x80040416, QBD_COMPANY_FILE, "QuickBooks is not running: start it and open the company file" },
	{ 0x80040417, QBD_COMPANY_FILE, "QuickBooks is running, but no company file is open in it" },
	{ 0x80040418, QBD_PERSON, "the administrator of the company file must grant access first: open "
		"it as Admin in single-user mode and start the update in the Web Connector" },
	{ 0x8004041A, QBD_PERSON, "this program has no permission in the company file: Edit, "
		"Preferences, Integrated Applications" },
	{ 0x8004041B, QBD_PERSON, "this program is not authorised in the company file: Edit, "
		"Preferences, Integrated Applications" },
	{ 0x8004041C, QBD_PERSON, "integrated applications are switched off in the company file" },
	{ 0x8004041D, QBD_PERSON, "this program may not log in by itself: open QuickBooks, or allow it "
		"in Edit, Preferences, Integrated Applications, Properties" },
	{ 0x8004041F, QBD_PERSON, "this edition of QuickBooks cannot be used by other programs" },
	{ 0x80040420, QBD_PERSON, "someone at the QuickBooks machine refused the access" },
	{ 0x80040422, QBD_PASSING,
		"another program holds QuickBooks in single-user mode: wait until it is done" },
	{ 0x80040424, QBD_PASSING, "QuickBooks has not finished starting" },
	{ 0x80040438, QBD_PERSON, "several QuickBooks run at once: close all but one" },
};
static const struct qbd_hresult unknown_hresult = { 0, QBD_UNKNOWN, "QuickBooks had an error" };

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
