/* invite.c - the .qwc file that a person adds to the Web Connector.
 *
 * Source: QuickBooks Web Connector Programmer's Guide 2.0, chapter 3, and its error list: an address by
 * number is refused (QBWC1001, QBWC1002), http only for localhost (QBWC1010), AppSupport must lie on
 * AppURL's host and answer 200 (QBWC1000, QBWC1003). */
#include "qbd.h"

#include <stdlib.h>

enum { LIVE_EVERY_S = 5 };

/* scheme://host of an address; "" when it is none that the Web Connector takes. */
static const char *origin(struct mlc_call *c, const char *url, const char **wrong)
{
	bool secure = !strncmp(url, "https://", 8);
	const char *host = secure ? url + 8 : !strncmp(url, "http://", 7) ? url + 7 : "";
	size_t len = strcspn(host, ":/?#");
	bool local = len == 9 && !strncmp(host, "localhost", 9);

	*wrong = NULL;
	if (!len || *host == '[' || strspn(host, "0123456789.") == len)
		*wrong = "the Web Connector takes no address by number: give public_url with a host name";
	else if (!secure && !local)
		*wrong = "the Web Connector takes https only, or http with the host localhost: change public_url";
	if (*wrong)
		return "";
	len = strcspn(host, "/?#");
	return c->host->format(c, "%.*s%.*s", (int)(host - url), url, (int)len, host);
}

static const char *file_id(struct mlc_call *c)
{
	const char *known = mlc_known(c->facts, "file_id");
	char made[QBD_TICKET_SIZE];

	if (known)
		return known;
	qbd_guid(c->nonce, made);
	return c->host->fact(c, "file_id", made) ? c->host->format(c, "%s", made) : NULL;
}

enum mlc_step qbd_invite(struct mlc_call *c)
{
	struct mlc_xml x = { .call = c };
	const char *user = qbd_user(c), *wrong, *home = origin(c, c->hook_url ? c->hook_url : "", &wrong), *id;
	const json_t *every = json_object_get(c->settings, "every_minutes");
	json_int_t minutes = json_is_integer(every) ? json_integer_value(every) : 15;

	if (wrong)
		return c->host->fail(c, MLC_REFUSED, 0, "%s (it is \"%s\")", wrong,
			c->hook_url ? c->hook_url : "");
	if (minutes < 1 || minutes > 1440)
		return c->host->fail(c, MLC_REFUSED, 0, "every_minutes is %" JSON_INTEGER_FORMAT
			"; the Web Connector takes 1 to 1440", minutes);
	if (qbd_live_wrong(c))
		return c->host->fail(c, MLC_REFUSED, 0, "%s", qbd_live_wrong(c));
	id = file_id(c);
	if (!id)
		return c->host->fail(c, MLC_REFUSED, 0, "the connection is held");
	mlc_xml_raw(&x, "<?xml version=\"1.0\"?>\n<QBWCXML>\n");
	mlc_xml_put(&x, "AppName", c->host->format(c, "ml-connector %s", user));
	mlc_xml_raw(&x, "\n<AppID></AppID>\n");
	mlc_xml_put(&x, "AppURL", c->hook_url);
	mlc_xml_raw(&x, "\n");
	mlc_xml_put(&x, "AppDescription", "Keeps this company file in step with other systems");
	mlc_xml_raw(&x, "\n");
	mlc_xml_put(&x, "AppSupport", c->host->format(c, "%s/support", home));
	mlc_xml_raw(&x, "\n");
	mlc_xml_put(&x, "UserName", user);
	mlc_xml_raw(&x, "\n<OwnerID>" QBD_OWNER_ID "</OwnerID>\n");
	mlc_xml_put(&x, "FileID", id);
	mlc_xml_raw(&x, "\n<QBType>QBFS</QBType>\n<Style>Document</Style>\n<Scheduler>");
	/* Outside its hours the live lane sends the Web Connector home for so many minutes. */
	if (qbd_is_live(c))
		mlc_xml_put(&x, "RunEveryNSeconds", c->host->format(c, "%d", LIVE_EVERY_S));
	else
		mlc_xml_put(&x, "RunEveryNMinutes", c->host->format(c, "%" JSON_INTEGER_FORMAT, minutes));
	mlc_xml_raw(&x, "</Scheduler>\n<AuthFlags>0xF</AuthFlags>\n<IsReadOnly>false</IsReadOnly>\n"
		"<UnattendedModePref>umpOptional</UnattendedModePref>\n"
		"<PersonalDataPref>pdpNotNeeded</PersonalDataPref>\n</QBWCXML>\n");
	if (x.failed)
		return c->host->fail(c, MLC_RETRY, 0, "no memory left for the file");
	c->answer->status = 200;
	c->answer->type = "text/xml; charset=utf-8";
	c->answer->body = x.text;
	c->answer->body_len = x.len;
	return MLC_DONE;
}
