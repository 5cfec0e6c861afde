/* value.c - what an expression gives. */
#include "value.h"

#include "script/letters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct value value_text(const char *text, size_t len)
{
	return (struct value){ .kind = VALUE_TEXT, .len = (uint32_t)len, .text = text };
}

struct value value_words(const char *text)
{
	return text ? value_text(text, strlen(text)) : value_none();
}

struct value value_of(json_t *json)
{
	if (!json)
		return value_none();
	switch (json_typeof(json)) {
	case JSON_STRING:
		return value_text(json_string_value(json), json_string_length(json));
	case JSON_INTEGER:
		return value_integer(json_integer_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return value_bool(json_is_true(json));
	case JSON_OBJECT:
	case JSON_ARRAY:
		return (struct value){ .kind = VALUE_JSON, .json = json };
	case JSON_REAL: /* our reader makes none */
	case JSON_NULL:
		break;
	}
	return value_none();
}

struct value value_decimal(struct arena *a, struct decimal d)
{
	struct decimal *copy = arena_alloc(a, sizeof *copy);

	if (!copy)
		return value_unknown();
	*copy = d;
	return (struct value){ .kind = VALUE_DECIMAL, .decimal = copy };
}

bool value_is_empty(struct value v)
{
	switch (v.kind) {
	case VALUE_NONE:
		return true;
	case VALUE_TEXT:
		return letters_are_blank(v.text, v.len);
	case VALUE_JSON:
		return json_is_array(v.json) ? json_array_size(v.json) == 0 : json_object_size(v.json) == 0;
	case VALUE_LIST:
		return v.list->count == 0;
	case VALUE_UNKNOWN:
	case VALUE_CLEAR:
	case VALUE_BOOL:
	case VALUE_INTEGER:
	case VALUE_DECIMAL:
	case VALUE_REF:
		break;
	}
	return false;
}

static struct decimal whole(int64_t n)
{
	return (struct decimal){ .units = n, .scale = 0 };
}

bool value_number(struct value v, struct decimal *out)
{
	switch (v.kind) {
	case VALUE_INTEGER:
		*out = whole(v.integer);
		return true;
	case VALUE_DECIMAL:
		*out = *v.decimal;
		return true;
	case VALUE_TEXT:
		return decimal_parse(v.text, v.len, out);
	default:
		return false;
	}
}

bool value_as_text(struct arena *a, struct value v, const char **text, size_t *len)
{
	char number[DECIMAL_TEXT_MAX];

	switch (v.kind) {
	case VALUE_TEXT:
		*text = v.text;
		*len = v.len;
		return true;
	case VALUE_BOOL:
		*text = v.truth ? "true" : "false";
		break;
	case VALUE_INTEGER:
		snprintf(number, sizeof number, "%" PRId64, v.integer);
		*text = arena_strndup(a, number, strlen(number));
		break;
	case VALUE_DECIMAL:
		decimal_text(*v.decimal, -1, number);
		*text = arena_strndup(a, number, strlen(number));
		break;
	case VALUE_REF:
		*text = v.ref->id ? v.ref->id : v.ref->name;
		break;
	case VALUE_JSON: /* a reference of the record, {"id":..., "name":...} */
		*text = json_string_value(json_object_get(v.json, "id"));
		if (!*text)
			*text = json_string_value(json_object_get(v.json, "name"));
		break;
	default:
		return false;
	}
	if (!*text)
		return false;
	*len = strlen(*text);
	return true;
}

static json_t *reference_json(const struct reference *r)
{
	json_t *out = json_object();

	if (r->id)
		json_object_set_new(out, "id", json_string(r->id));
	else
		json_object_set_new(out, "name", json_string(r->name));
	return out;
}

json_t *value_json(struct arena *a, struct value v)
{
	const char *text;
	size_t len;
	json_t *out;

	switch (v.kind) {
	case VALUE_NONE:
	case VALUE_UNKNOWN:
		return NULL;
	case VALUE_CLEAR:
		return json_null();
	case VALUE_BOOL:
		return json_boolean(v.truth);
	case VALUE_INTEGER:
		return json_integer(v.integer);
	case VALUE_TEXT:
		return json_stringn(v.text, v.len);
	case VALUE_DECIMAL:
		return value_as_text(a, v, &text, &len) ? json_stringn(text, len) : NULL;
	case VALUE_JSON:
		return json_deep_copy(v.json);
	case VALUE_REF:
		return reference_json(v.ref);
	case VALUE_LIST:
		out = json_array();
		for (size_t i = 0; i < v.list->count; i++) {
			json_t *row = value_json(a, v.list->rows[i]);
			if (row)
				json_array_append_new(out, row);
		}
		return out;
	}
	return NULL;
}

size_t value_count(struct value v)
{
	if (v.kind == VALUE_LIST)
		return v.list->count;
	return v.kind == VALUE_JSON ? json_array_size(v.json) : 0;
}

struct value value_row(struct value v, size_t i)
{
	if (v.kind == VALUE_LIST)
		return v.list->rows[i];
	return value_of(json_array_get(v.json, i));
}
