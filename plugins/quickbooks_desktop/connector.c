/* connector.c - QuickBooks Desktop through the Web Connector: the table that the host reads. */
#include "qbd.h"

static const struct mlc_setting settings[] = {
	{ "company", MLC_TEXT, MLC_REQUIRED, false,
		"the company name as in QuickBooks: Company, My Company; another file is never touched" },
	{ "company_file", MLC_TEXT, 0, false,
		"full Windows path of the company file; left out: the file that is open at the time" },
	{ "read_from", MLC_DATE, 0, false,
		"transactions last changed before this day are not read; left out: all of them" },
	{ "live", MLC_TEXT, 0, false,
		"hours in which a visit is held open, so that what falls due is posted within 10 s: \"always\", or "
		"\"08:00-18:00 -05:00\" with the clock's offset in winter; left out: never" },
	{ "password", MLC_TEXT, MLC_REQUIRED, true,
		"what is typed into the Web Connector beside this application" },
	{ NULL, 0, 0, false, NULL }
};

MLC_EXPORT const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK,
	.size = sizeof(struct mlc_connector),
	.name = "quickbooks_desktop",
	.title = "QuickBooks Desktop",
	.version = QBD_VERSION,
	.entities = qbd_entities,
	.feeds = qbd_feeds,
	.settings = settings,
	.ids_at_once = QBD_IDS_AT_ONCE,
	.state_size = sizeof(union qbd_state),
	.poll = qbd_poll,
	.fetch = qbd_fetch,
	.find = qbd_find,
	.write = qbd_write,
	.invite = qbd_invite,
	.serve = qbd_serve,
	.codes = qbd_codes,
};
