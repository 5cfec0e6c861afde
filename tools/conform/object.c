/* object.c - what a connector's file says about itself before any of its code has run. */
#include "object.h"

#include "base/mem.h"

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED   "mlc_connector_v1"
#define OWN_DATA   8 /* bytes: the compiler's __dso_handle, and its `completed` flag */
#define OWN_INITS  1 /* the compiler's frame_dummy, and __do_global_dtors_aux */

struct file {
	const char *bytes;
	size_t len;
	Elf64_Ehdr head;
	const char *names; /* of sections */
	size_t names_len;
	void (*flaw)(void *arg, const char *sentence);
	void *arg;
};

static void complain(struct file *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct file *f, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	f->flaw(f->arg, text);
}

/* ---- reading, never beyond the end ------------------------------------------------------- */

static bool take(const struct file *f, uint64_t at, void *out, size_t size)
{
	if (at > f->len || size > f->len - at)
		return false;
	memcpy(out, f->bytes + at, size);
	return true;
}

static bool section(const struct file *f, size_t index, Elf64_Shdr *out)
{
	return index < f->head.e_shnum && take(f, f->head.e_shoff + index * sizeof *out, out,
		sizeof *out);
}

static const char *text_at(const char *table, size_t table_len, uint64_t at)
{
	return at < table_len && memchr(table + at, 0, table_len - at) ? table + at : "";
}

static const char *name_of(const struct file *f, const Elf64_Shdr *s)
{
	return text_at(f->names, f->names_len, s->sh_name);
}

static bool strings_of(const struct file *f, uint32_t index, const char **table, size_t *len)
{
	Elf64_Shdr s;

	if (!section(f, index, &s) || s.sh_offset > f->len || s.sh_size > f->len - s.sh_offset)
		return false;
	*table = f->bytes + s.sh_offset;
	*len = s.sh_size;
	return true;
}

static bool open_file(struct file *f)
{
	const char *table;
	size_t len;

	if (!take(f, 0, &f->head, sizeof f->head) || memcmp(f->head.e_ident, ELFMAG, SELFMAG) != 0)
		return false;
	if (f->head.e_ident[EI_CLASS] != ELFCLASS64 || f->head.e_ident[EI_DATA] != ELFDATA2LSB ||
		f->head.e_type != ET_DYN || f->head.e_shentsize != sizeof(Elf64_Shdr) ||
		!strings_of(f, f->head.e_shstrndx, &table, &len))
		return false;
	f->names = table;
	f->names_len = len;
	return true;
}

/* ---- what it may import ------------------------------------------------------------------ */

/* Names, or beginnings of names ("mem*"), that a pure function has a use for. */
static const char *const allowed[] = {
	"mem*", "str*", "__mem*", "__str*", "snprintf", "vsnprintf", "__snprintf_chk",
		"__vsnprintf_chk", "sscanf",
	"__isoc99_sscanf", "__isoc23_sscanf", "__isoc23_strto*", "qsort", "bsearch", "abs", "labs",
	"llabs", "toupper",
	"tolower", "isalnum", "isalpha", "isdigit", "isspace", "isxdigit", "__ctype_*",
	"__stack_chk_fail", "__cxa_finalize",
	"_ITM_*", "__gmon_start__", "json_*", "xml*", NULL,
};

struct reason {
	const char *name, *why;
};

/* Of those: what nevertheless is none of a connector's business.  Then the usual others, by their
 * reason. */
static const struct reason refused[] = {
	{ "strcpy", "it knows no end; use host->format()" },
		{ "strcat", "it knows no end; use host->format()" },
	{ "strtok", "it keeps state between calls" }, { "strdup", "call memory is host->alloc()" },
	{ "strndup", "call memory is host->alloc()" }, { "strerror*", "a connector does no I/O" },
	{ "strftime", "times are written by help.h" },
	{ "strcoll", "it depends on the machine's locale" },
	{ "strxfrm", "it depends on the machine's locale" },
	{ "json_load_file", "a connector does no I/O" },
	{ "json_loadf", "a connector does no I/O" },
	{ "json_loadfd", "a connector does no I/O" },
	{ "json_dump_file", "a connector does no I/O" },
	{ "json_dumpf", "a connector does no I/O" }, { "json_dumpfd", "a connector does no I/O" },
	{ "json_loads", "it makes doubles of decimals; use host->parse()" },
	{ "json_loadb", "it makes doubles of decimals; use host->parse()" },
	{ "json_real*", "money is decimal text, never a double" },
	{ "json_dumps", "its memory is not the call's; use host->dump()" },
	{ "json_set_alloc_funcs", "memory is the host's" },
	{ "json_object_seed", "the host's own" },
	{ "xmlReadFile", "a connector does no I/O" }, { "xmlParseFile", "a connector does no I/O" },
	{ "xmlCtxtReadFile", "a connector does no I/O" }, { "xmlSave*", "a connector does no I/O" },
	{ "xmlNano*", "a connector does no I/O" },
	{ "xmlReaderForFile", "a connector does no I/O" },
	{ "xmlCleanup*", "libxml2 is the host's to begin and end" },
	{ "xmlInit*", "libxml2 is the host's to begin and end" },
	{ "malloc", "call memory is host->alloc()" }, { "calloc", "call memory is host->alloc()" },
	{ "realloc", "call memory is host->alloc()" }, { "free", "call memory frees itself" },
	{ "time", "time is call->now_ms" }, { "clock*", "time is call->now_ms" },
	{ "gettimeofday", "time is call->now_ms" },
	{ "localtime*", "it depends on the machine's zone" },
	{ "gmtime*", "times are read and written by help.h" },
	{ "rand*", "randomness is call->nonce" }, { "random", "randomness is call->nonce" },
	{ "getrandom", "randomness is call->nonce" }, { "getenv", "settings are call->settings" },
	{ "sprintf", "it knows no end; use host->format()" },
	{ "__sprintf_chk", "use host->format()" },
	{ "pthread_*", "a connector has no threads" },
	{ "atexit", "a connector is unmapped without a word" },
	{ "ato*", "it cannot say that something is no number" }, { NULL, NULL },
};

static bool matches(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	return n && pattern[n - 1] == '*' ? !strncmp(pattern, name, n - 1) : !strcmp(pattern, name);
}

static const char *why_refused(const char *name)
{
	for (const struct reason *r = refused; r->name; r++)
		if (matches(r->name, name))
			return r->why;
	for (const char *const *a = allowed; *a; a++)
		if (matches(*a, name))
			return NULL;
	return "a connector does no I/O and asks the system for nothing; the host does both for it";
}

static const char *const libraries[] = { "libc.so.6", "libm.so.6", "libjansson.so.4",
	"libxml2.so.2", "libgcc_s.so.1",
	"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", NULL };

/* ---- the checks -------------------------------------------------------------------------- */

static void check_symbols(struct file *f, const Elf64_Shdr *s)
{
	const char *names;
	size_t names_len;
	Elf64_Sym y;
	bool ours = false;

	if (!strings_of(f, s->sh_link, &names, &names_len)) {
		complain(f, "its table of symbols cannot be read");
		return;
	}
	for (uint64_t at = sizeof y; at + sizeof y <= s->sh_size; at += sizeof y) {
		const char *name, *why;

		if (!take(f, s->sh_offset + at, &y, sizeof y))
			break;
		name = text_at(names, names_len, y.st_name);
		if (y.st_shndx == SHN_UNDEF) {
			why = why_refused(name);
			if (*name && why)
				complain(f, "it imports %s: %s", name, why);
		} else if (!strcmp(name, EXPORTED)) {
			ours = true;
		} else if (ELF64_ST_BIND(y.st_info) != STB_LOCAL) {
			complain(f, "it exports %s; a connector exports " EXPORTED " and nothing else: build it with "
				"-fvisibility=hidden", name);
		}
	}
	if (!ours)
		complain(f, "it does not export " EXPORTED);
}

/* Constant while the code runs, though the loader writes them: relocations, the tables of calls. */
static bool is_constant(const char *name)
{
	return !strcmp(name, ".data.rel.ro") || !strcmp(name, ".dynamic") ||
		!strncmp(name, ".got", 4);
}

static void check_section(struct file *f, const Elf64_Shdr *s)
{
	const char *name = name_of(f, s);
	bool inits = s->sh_type == SHT_INIT_ARRAY || s->sh_type == SHT_FINI_ARRAY ||
		s->sh_type == SHT_PREINIT_ARRAY || !strcmp(name, ".ctors") ||
		!strcmp(name, ".dtors");

	if (s->sh_type == SHT_DYNSYM)
		check_symbols(f, s);
	if (inits && s->sh_size / sizeof(uint64_t) > OWN_INITS)
		complain(f, "it has %zu functions in %s: a connector has no constructors and no destructors", (size_t)(s->sh_size / sizeof(uint64_t)) - OWN_INITS, name);
	if (!(s->sh_flags & SHF_WRITE) || !(s->sh_flags & SHF_ALLOC) || inits || is_constant(name))
		return;
	if (s->sh_flags & SHF_TLS)
		complain(f, "it has %zu bytes of data for each thread (%s)", (size_t)s->sh_size,
			name);
	else if (s->sh_size > OWN_DATA)
		complain(f, "it has %zu bytes of writable data (%s): tables are const, and what is to be remembered stands in "
			"call->state", (size_t)s->sh_size - OWN_DATA, name);
}

static void check_libraries(struct file *f, const Elf64_Shdr *s)
{
	const char *names;
	size_t names_len;
	Elf64_Dyn d;

	if (s->sh_type != SHT_DYNAMIC || !strings_of(f, s->sh_link, &names, &names_len))
		return;
	for (uint64_t at = 0; at + sizeof d <= s->sh_size &&
		take(f, s->sh_offset + at, &d, sizeof d); at += sizeof d) {
		const char *name = text_at(names, names_len, d.d_un.d_val);
		bool known = false;

		if (d.d_tag == DT_NULL)
			break;
		if (d.d_tag != DT_NEEDED)
			continue;
		for (const char *const *l = libraries; *l; l++)
			known = known || !strcmp(*l, name);
		if (!known)
			complain(f, "it needs %s; a connector may bring along libc, jansson and libxml2 only", name);
	}
}

bool object_check(const char *bytes, size_t len, void (*flaw)(void *, const char *), void *arg)
{
	struct file f = { .bytes = bytes, .len = len, .flaw = flaw, .arg = arg };
	Elf64_Shdr s;

	if (!open_file(&f)) {
		complain(&f, "it is no shared object of 64 bits");
		return false;
	}
	for (size_t i = 0; section(&f, i, &s); i++) {
		check_section(&f, &s);
		check_libraries(&f, &s);
	}
	return true;
}

bool object_is_instrumented(const char *bytes, size_t len)
{
	static const char *const marks[] = { "__asan_init", "__ubsan_handle", "__tsan_init",
		"__sanitizer_cov", "__gcov_" };

	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (memmem(bytes, len, marks[i], strlen(marks[i])))
			return true;
	return false;
}
