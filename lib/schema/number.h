/* Numbers as their text says, however many digits: compared and divided without rounding. Private to lib/schema. */
#ifndef HEADGATE_SCHEMA_NUMBER_H
#define HEADGATE_SCHEMA_NUMBER_H

#include "doc/doc.h"

/* 0.d1 d2 d3... times ten to `power`; the digits are those of a text, a point among them skipped, without zeros at either end. */
struct hgt_decimal {
	bool negative;
	const char *first, *last;	/* last is beyond the last digit; equal for zero */
	int64_t power;
	char room[32];			/* the text when the number has none that JSON would take */
};

/* The decimal of an INT or FLOAT node. An infinity counts as a number larger than any; so does what is no number. */
void hgt_decimal_from_node(struct hgt_decimal *decimal, const struct hgt_node *node);

/* Of a text that hgt_decimal_text gave. */
void hgt_decimal_from_text(struct hgt_decimal *decimal, const char *text, size_t len);

/* A text for the number in JSON's form: the node's own or what has been put into room. */
const char *hgt_decimal_text(const struct hgt_node *node, char room[32], size_t *len);

/* Below 0, 0, above 0. */
int hgt_decimal_compare(const struct hgt_decimal *a, const struct hgt_decimal *b);

bool hgt_decimal_is_whole(const struct hgt_decimal *decimal);

/* The number of significant digits. */
size_t hgt_decimal_digits(const struct hgt_decimal *decimal);

/* The same for equal numbers. */
uint64_t hgt_decimal_hash(const struct hgt_decimal *decimal);

/* Whether a is a whole multiple of b, which is above 0 and has at most HGT_DIVISOR_DIGITS digits. */
#define HGT_DIVISOR_DIGITS 18
bool hgt_decimal_is_multiple(const struct hgt_decimal *a, const struct hgt_decimal *b);

#endif
