/* drive.h - a shop's connection, driven step by step. */
#ifndef DRIVE_H
#define DRIVE_H

#include "../../../tests/unit/drive.h"

static inline int drive_set_up(void **state)
{
	return drive_open(state, "acme/shop", json_pack("{s:s}", "url", "https://shop.example"));
}

/* A list as the shop gives it: with its length in the headers. */
static inline void answer_list(struct drive *d, const char *body, const char *total, const char *pages)
{
	answer_headers(d, 200, body, (const char *const[]){ "x-wp-total", total, "X-WP-TotalPages", pages, NULL });
}

/* A small order: as much of one as the connector looks at. */
#define ORDER_TEXT(id, modified, rest)                                                         \
	"{\"id\":" #id ",\"status\":\"processing\",\"order_key\":\"wc_order_" #id              \
	"\",\"total\":\"10.50\",\"price\":3.3333,\"date_modified_gmt\":\"2026-11-" modified "\",\"line_items\":[]" rest "}"

/* A recorded document of a shop. */
static inline char *sample(const char *name, size_t *len)
{
	char path[256];

	snprintf(path, sizeof path, "woocommerce/samples/%s", name);
	return spec(path, len);
}

#endif
