/* drive.h - an organisation's connection, driven step by step. */
#ifndef DRIVE_H
#define DRIVE_H

#include "../../../tests/unit/drive.h"

#define ACCOUNT(id, name, modified) \
	"{\"id\":\"" id "\",\"Account_Name\":\"" name "\",\"Modified_Time\":\"" modified "\",\"$approved\":true}"
#define REFUSAL(code, message, details) "{\"code\":\"" code "\",\"details\":{" details "},\"message\":\"" message "\",\"status\":\"error\"}"

static inline int drive_set_up(void **state)
{
	return drive_open(state, "acme/crm", json_pack("{s:s}", "accounts", "https://accounts.zoho.eu"));
}

#endif
