/* woocommerce.c - WooCommerce as a connector: what its records hold, how one logs in.
 *
 * It reads orders, refunds, customers, products and tax rates, and keeps its own webhooks; it writes
 * nothing else (there is no write()).  Facts about the REST API: SOURCES.md. */
#include "woocommerce.h"

#define MONEY 8 /* shops may keep more decimals than two; dp goes up to here */

static const struct mlc_field meta[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "key", MLC_TEXT, 0, 0, NULL },
	{ "value", MLC_TEXT, 0, 0, NULL },
	{ "display_key", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "display_value", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field address[] = {
	{ "first_name", MLC_TEXT, 0, 0, NULL },
	{ "last_name", MLC_TEXT, 0, 0, NULL },
	{ "company", MLC_TEXT, 0, 0, NULL },
	{ "address_1", MLC_TEXT, 0, 0, NULL },
	{ "address_2", MLC_TEXT, 0, 0, NULL },
	{ "city", MLC_TEXT, 0, 0, NULL },
	{ "state", MLC_TEXT, 0, 0, NULL },   /* a code, or free text where the country has no states */
	{ "postcode", MLC_TEXT, 0, 0, NULL },
	{ "country", MLC_TEXT, 0, 2, NULL }, /* ISO 3166 alpha-2 */
	{ "email", MLC_TEXT, 0, 0, NULL },   /* billing only */
	{ "phone", MLC_TEXT, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field line_tax[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL }, /* of the rate */
	{ "total", MLC_DECIMAL, 0, MONEY, NULL },
	{ "subtotal", MLC_DECIMAL, 0, MONEY, NULL },
	{ NULL },
};

static const struct mlc_field line_item[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, 0, 0, NULL },
	{ "parent_name", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "product_id", MLC_INTEGER, 0, 0, NULL },   /* 0: the product was deleted for good */
	{ "variation_id", MLC_INTEGER, 0, 0, NULL }, /* 0: a simple product */
	{ "quantity", MLC_DECIMAL, MLC_BARE, 6, NULL },
	{ "tax_class", MLC_TEXT, 0, 0, NULL },
	{ "subtotal", MLC_DECIMAL, 0, MONEY, NULL }, /* before discounts, without tax */
	{ "subtotal_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "total", MLC_DECIMAL, 0, MONEY, NULL },    /* after discounts, without tax */
	{ "total_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "taxes", MLC_LIST, MLC_READONLY, 0, "line_tax" },
	{ "sku", MLC_TEXT, MLC_READONLY, 100, NULL },
	{ "global_unique_id", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "price", MLC_DECIMAL, MLC_READONLY | MLC_BARE, 15, NULL }, /* unrounded: never multiply it */
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ NULL },
};

static const struct mlc_field tax_line[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "rate_code", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "rate_id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "label", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "compound", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "tax_total", MLC_DECIMAL, MLC_READONLY, MONEY, NULL }, /* of goods and fees */
	{ "shipping_tax_total", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "rate_percent", MLC_DECIMAL, MLC_READONLY | MLC_BARE, 6, NULL },
	{ "meta_data", MLC_LIST, MLC_READONLY, 0, "meta" },
	{ NULL },
};

static const struct mlc_field shipping_line[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "method_title", MLC_TEXT, 0, 0, NULL },
	{ "method_id", MLC_TEXT, 0, 0, NULL },
	{ "instance_id", MLC_TEXT, 0, 0, NULL },
	{ "total", MLC_DECIMAL, 0, MONEY, NULL },
	{ "total_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "taxes", MLC_LIST, MLC_READONLY, 0, "line_tax" },
	{ "tax_status", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ NULL },
};

static const struct mlc_field fee_line[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, 0, 0, NULL },
	{ "tax_class", MLC_TEXT, 0, 0, NULL },
	{ "tax_status", MLC_TEXT, 0, 0, NULL },
	{ "amount", MLC_TEXT, MLC_READONLY, 0, NULL }, /* may be "" */
	{ "total", MLC_DECIMAL, 0, MONEY, NULL },      /* may be negative: a discount */
	{ "total_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "taxes", MLC_LIST, MLC_READONLY, 0, "line_tax" },
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ NULL },
};

static const struct mlc_field coupon_line[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "code", MLC_TEXT, 0, 0, NULL },
	{ "discount", MLC_DECIMAL, MLC_READONLY, MONEY, NULL }, /* the lines have it already */
	{ "discount_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "discount_type", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "nominal_amount", MLC_DECIMAL, MLC_READONLY | MLC_BARE, MONEY, NULL },
	{ "free_shipping", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ NULL },
};

static const struct mlc_field refund_brief[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "reason", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "total", MLC_DECIMAL, MLC_READONLY, MONEY, NULL }, /* negative */
	{ "total_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ NULL },
};

static const struct mlc_field order[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "parent_id", MLC_INTEGER, 0, 0, NULL },
	{ "number", MLC_TEXT, MLC_READONLY | MLC_FINDABLE, 0, NULL }, /* for people; plugins rewrite it */
	{ "order_key", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "created_via", MLC_TEXT, 0, 0, NULL },
	{ "version", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "status", MLC_TEXT, 0, 0, NULL }, /* plugins add their own */
	{ "currency", MLC_TEXT, 0, 3, NULL },
	{ "currency_symbol", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "date_created", MLC_INSTANT, MLC_READONLY, 0, NULL },     /* the shop's own time, no offset */
	{ "date_created_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL }, /* UTC, no Z */
	{ "date_modified", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_modified_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_paid", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_paid_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_completed", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_completed_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "discount_total", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "discount_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "shipping_total", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "shipping_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "cart_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "total", MLC_DECIMAL, MLC_READONLY, MONEY, NULL }, /* refunds do not lessen it */
	{ "total_tax", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "prices_include_tax", MLC_BOOL, MLC_READONLY, 0, NULL }, /* how they were typed; amounts here are net */
	{ "customer_id", MLC_INTEGER, 0, 0, NULL },                /* 0: a guest */
	{ "customer_ip_address", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "customer_user_agent", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "customer_note", MLC_TEXT, 0, 0, NULL },
	{ "billing", MLC_OBJECT, 0, 0, "address" },
	{ "shipping", MLC_OBJECT, 0, 0, "address" },
	{ "payment_method", MLC_TEXT, 0, 0, NULL },
	{ "payment_method_title", MLC_TEXT, 0, 0, NULL },
	{ "transaction_id", MLC_TEXT, 0, 0, NULL },
	{ "cart_hash", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "needs_payment", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "needs_processing", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "is_editable", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "payment_url", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ "line_items", MLC_LIST, 0, 0, "line_item" },
	{ "tax_lines", MLC_LIST, MLC_READONLY, 0, "tax_line" },
	{ "shipping_lines", MLC_LIST, 0, 0, "shipping_line" },
	{ "fee_lines", MLC_LIST, 0, 0, "fee_line" },
	{ "coupon_lines", MLC_LIST, 0, 0, "coupon_line" },
	{ "refunds", MLC_LIST, MLC_READONLY, 0, "refund_brief" }, /* whole ones: entity refund */
	{ NULL },
};

/* Amounts of lines are negative, `amount` is positive. */
static const struct mlc_field refund[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "parent_id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL }, /* the order; added where the shop leaves it out */
	{ "date_created", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_created_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "amount", MLC_DECIMAL, 0, MONEY, NULL }, /* may differ from the sum of the lines, which may be none */
	{ "reason", MLC_TEXT, 0, 0, NULL },
	{ "refunded_by", MLC_INTEGER, 0, 0, NULL },
	{ "refunded_payment", MLC_BOOL, MLC_READONLY, 0, NULL }, /* the gateway has really paid back */
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ "line_items", MLC_LIST, 0, 0, "line_item" },
	{ "tax_lines", MLC_LIST, MLC_READONLY, 0, "tax_line" },
	{ "shipping_lines", MLC_LIST, 0, 0, "shipping_line" },
	{ "fee_lines", MLC_LIST, 0, 0, "fee_line" },
	{ NULL },
};

static const struct mlc_field customer[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "date_created", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_created_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_modified", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_modified_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "email", MLC_TEXT, MLC_FINDABLE, 0, NULL },
	{ "first_name", MLC_TEXT, 0, 0, NULL }, /* decoded: the shop gives these two HTML-encoded */
	{ "last_name", MLC_TEXT, 0, 0, NULL },
	{ "role", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "username", MLC_TEXT, MLC_IMMUTABLE, 0, NULL },
	{ "billing", MLC_OBJECT, 0, 0, "address" },
	{ "shipping", MLC_OBJECT, 0, 0, "address" },
	{ "is_paying_customer", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ NULL },
};

static const struct mlc_field category[] = {
	{ "id", MLC_INTEGER, 0, 0, NULL },
	{ "name", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "slug", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ NULL },
};

static const struct mlc_field attribute[] = {
	{ "id", MLC_INTEGER, 0, 0, NULL },
	{ "name", MLC_TEXT, 0, 0, NULL },
	{ "slug", MLC_TEXT, 0, 0, NULL },
	{ "option", MLC_TEXT, 0, 0, NULL },
	{ NULL },
};

static const struct mlc_field product[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "name", MLC_TEXT, 0, 0, NULL },
	{ "slug", MLC_TEXT, 0, 0, NULL },
	{ "permalink", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "date_created_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_modified_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "type", MLC_TEXT, 0, 0, NULL }, /* simple, variable, grouped, external; plugins add their own */
	{ "status", MLC_TEXT, 0, 0, NULL },
	{ "catalog_visibility", MLC_TEXT, 0, 0, NULL },
	{ "description", MLC_TEXT, 0, 0, NULL },
	{ "short_description", MLC_TEXT, 0, 0, NULL },
	{ "sku", MLC_TEXT, MLC_FINDABLE, 100, NULL },
	{ "global_unique_id", MLC_TEXT, 0, 0, NULL },
	{ "price", MLC_DECIMAL, MLC_READONLY, MONEY, NULL }, /* "": none */
	{ "regular_price", MLC_DECIMAL, 0, MONEY, NULL },
	{ "sale_price", MLC_DECIMAL, 0, MONEY, NULL },
	{ "on_sale", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "virtual", MLC_BOOL, 0, 0, NULL },
	{ "downloadable", MLC_BOOL, 0, 0, NULL },
	{ "tax_status", MLC_TEXT, 0, 0, "taxable|shipping|none" },
	{ "tax_class", MLC_TEXT, 0, 0, NULL }, /* "": standard */
	{ "manage_stock", MLC_BOOL, 0, 0, NULL },
	{ "stock_quantity", MLC_DECIMAL, MLC_BARE, 6, NULL },
	{ "stock_status", MLC_TEXT, 0, 0, NULL },
	{ "weight", MLC_TEXT, 0, 0, NULL },
	{ "shipping_class", MLC_TEXT, 0, 0, NULL },
	{ "parent_id", MLC_INTEGER, 0, 0, NULL },
	{ "categories", MLC_LIST, 0, 0, "category" },
	{ "attributes", MLC_LIST, 0, 0, "attribute" },
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ NULL },
};

static const struct mlc_field variation[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "parent_id", MLC_INTEGER, MLC_READONLY, 0, NULL }, /* the product; added where the shop leaves it out */
	{ "name", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "permalink", MLC_TEXT, MLC_READONLY, 0, NULL },
	{ "date_created_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "date_modified_gmt", MLC_INSTANT, MLC_READONLY, 0, NULL },
	{ "description", MLC_TEXT, 0, 0, NULL },
	{ "status", MLC_TEXT, 0, 0, NULL },
	{ "sku", MLC_TEXT, MLC_FINDABLE, 100, NULL },
	{ "global_unique_id", MLC_TEXT, 0, 0, NULL },
	{ "price", MLC_DECIMAL, MLC_READONLY, MONEY, NULL },
	{ "regular_price", MLC_DECIMAL, 0, MONEY, NULL },
	{ "sale_price", MLC_DECIMAL, 0, MONEY, NULL },
	{ "on_sale", MLC_BOOL, MLC_READONLY, 0, NULL },
	{ "virtual", MLC_BOOL, 0, 0, NULL },
	{ "downloadable", MLC_BOOL, 0, 0, NULL },
	{ "tax_status", MLC_TEXT, 0, 0, "taxable|shipping|none" },
	{ "tax_class", MLC_TEXT, 0, 0, NULL },
	{ "manage_stock", MLC_BOOL, 0, 0, NULL }, /* or "parent" */
	{ "stock_quantity", MLC_DECIMAL, MLC_BARE, 6, NULL },
	{ "stock_status", MLC_TEXT, 0, 0, NULL },
	{ "weight", MLC_TEXT, 0, 0, NULL },
	{ "attributes", MLC_LIST, 0, 0, "attribute" },
	{ "meta_data", MLC_LIST, 0, 0, "meta" },
	{ NULL },
};

static const struct mlc_field tax[] = {
	{ "id", MLC_INTEGER, MLC_READONLY | MLC_FINDABLE, 0, NULL },
	{ "country", MLC_TEXT, MLC_FINDABLE, 2, NULL },
	{ "state", MLC_TEXT, MLC_FINDABLE, 0, NULL },
	{ "postcode", MLC_TEXT, 0, 0, NULL },
	{ "city", MLC_TEXT, 0, 0, NULL },
	{ "rate", MLC_DECIMAL, 0, 4, NULL }, /* percent */
	{ "name", MLC_TEXT, MLC_FINDABLE, 0, NULL },
	{ "priority", MLC_INTEGER, 0, 0, NULL },
	{ "compound", MLC_BOOL, 0, 0, NULL },
	{ "shipping", MLC_BOOL, 0, 0, NULL }, /* shipping is taxed by it, too */
	{ "order", MLC_INTEGER, 0, 0, NULL },
	{ "class", MLC_TEXT, MLC_FINDABLE, 0, NULL },
	{ "postcodes", MLC_LIST, 0, 0, NULL },
	{ "cities", MLC_LIST, 0, 0, NULL },
	{ NULL },
};

const struct mlc_entity woo_entities[] = {
	[ORDER] = { "order", 0, 0, NULL, order },
	[REFUND] = { "refund", 0, 0, NULL, refund },       /* id "42-52": refund 52 of order 42 */
	[CUSTOMER] = { "customer", 0, 0, NULL, customer },
	[PRODUCT] = { "product", 0, 0, NULL, product },
	[VARIATION] = { "variation", 0, 0, NULL, variation }, /* id "16-18": variation 18 of product 16 */
	[TAX] = { "tax", 0, 0, NULL, tax },
	{ "address", MLC_PART, 0, NULL, address },
	{ "line_item", MLC_PART, 0, NULL, line_item },
	{ "line_tax", MLC_PART, 0, NULL, line_tax },
	{ "tax_line", MLC_PART, 0, NULL, tax_line },
	{ "shipping_line", MLC_PART, 0, NULL, shipping_line },
	{ "fee_line", MLC_PART, 0, NULL, fee_line },
	{ "coupon_line", MLC_PART, 0, NULL, coupon_line },
	{ "refund_brief", MLC_PART, 0, NULL, refund_brief },
	{ "category", MLC_PART, 0, NULL, category },
	{ "attribute", MLC_PART, 0, NULL, attribute },
	{ "meta", MLC_PART, 0, NULL, meta },
	{ NULL },
};

static const struct mlc_setting settings[] = {
	{ "url", MLC_TEXT, MLC_REQUIRED, false, "the shop's address, https://shop.example, with its folder if it has one" },
	{ "auth", MLC_TEXT, 0, false, "how to log in: basic (needs https), the default, or oauth1" },
	{ "permalinks", MLC_TEXT, 0, false, "pretty, index or plain; ping finds out when it is left away" },
	{ "recheck_days", MLC_INTEGER, 0, false, "how many days of orders are read again each night; 90" },
	{ "consumer_key", MLC_TEXT, MLC_REQUIRED, true, "ck_...: WooCommerce, Settings, Advanced, REST API; permission Read/Write" },
	{ "consumer_secret", MLC_TEXT, MLC_REQUIRED, true, "cs_..., shown once beside the key" },
	{ "webhook_secret", MLC_TEXT, 0, true, "made by ml-connector itself" },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = {
	{ "shop", "{url}" },
	{ NULL },
};

/* Over plain http a shop silently ignores Basic (SOURCES.md 2): oauth1 is for those. */
static const struct mlc_auth auth[] = {
	{ .kind = MLC_AUTH_BASIC, .user = "consumer_key", .pass = "consumer_secret" },
	{ .kind = MLC_AUTH_OAUTH1, .user = "consumer_key", .pass = "consumer_secret" },
	{ .kind = (enum mlc_auth_kind)0 },
};

/* optional: the ping that WooCommerce sends to a new address has no signature. */
static const struct mlc_signature signature = {
	.header = "X-WC-Webhook-Signature", .over = "{body}", .secret = "webhook_secret", .optional = true,
};

MLC_EXPORT const struct mlc_connector mlc_connector_v1 = {
	.sdk = MLC_SDK,
	.size = sizeof(struct mlc_connector),
	.name = "woocommerce",
	.title = "WooCommerce",
	.version = "1.0.0",
	.entities = woo_entities,
	.feeds = woo_feeds,
	.settings = settings,
	.endpoints = endpoints,
	.auth = auth,
	.signature = &signature,
	.at_once = 2, /* small shops share one PHP worker with their buyers */
	.state_size = sizeof(struct state),
	.ping = woo_ping,
	.poll = woo_poll,
	.fetch = woo_fetch,
	.find = woo_find,
	.subscribe = woo_subscribe,
	.receive = woo_receive,
};
