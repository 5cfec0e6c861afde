/* echo.c - a small carried connector for tests; VERSION makes generations of it. */
#include <mlc/connector.h>

#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef SDK
#define SDK MLC_SDK
#endif
#ifndef NAME
#define NAME "echo"
#endif

static const struct mlc_field thing[] = {
	{ "id", MLC_INTEGER, MLC_READONLY, 0, NULL },
	{ "name", MLC_TEXT, MLC_REQUIRED | MLC_FINDABLE, 40, NULL },
	{ "price", MLC_DECIMAL, MLC_BARE, 2, NULL },
#ifdef FLAWED
	{ "name", MLC_TEXT, 0, 0, NULL },
#endif
	{ NULL },
};

static const struct mlc_entity entities[] = {
	{ "thing", 0, 1, NULL, thing },
	{ NULL },
};

static const struct mlc_endpoint endpoints[] = {
	{ "api", "https://echo.example" },
	{ NULL },
};

static enum mlc_step ping(struct mlc_call *c)
{
	c->host->fact(c, "version", VERSION);
	return MLC_DONE;
}

#ifdef CRASH
__attribute__((constructor)) static void crash(void)
{
	__builtin_trap();
}
#endif
#ifdef ENDLESS
static volatile int turning = 1;
__attribute__((constructor)) static void spin(void)
{
	while (turning)
		;
}
#endif
#ifdef UNDEFINED
extern int somewhere_else(void);
static enum mlc_step fetch(struct mlc_call *c)
{
	c->pause_ms = (uint32_t)somewhere_else();
	return MLC_DONE;
}
#endif

#ifndef NO_SYMBOL
const struct mlc_connector mlc_connector_v1 = {
	.sdk = SDK,
	.size = sizeof(struct mlc_connector),
	.name = NAME,
	.title = "Echo",
	.version = VERSION,
	.entities = entities,
	.endpoints = endpoints,
	.ping = ping,
#ifdef UNDEFINED
	.fetch = fetch,
#endif
};
#else
int unused(struct mlc_call *c);
int unused(struct mlc_call *c)
{
	return (int)ping(c) + (int)entities[0].batch + (endpoints[0].name != NULL);
}
#endif
