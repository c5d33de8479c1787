/* How many columns of a terminal a character takes. */
#ifndef HEADGATE_CHECK_WIDTH_H
#define HEADGATE_CHECK_WIDTH_H

#include <stdint.h>

/* 0 for what joins the character before it, 2 for East Asian wide ones and emoji, else 1. The C locale of a
 * hook has no wcwidth. */
unsigned hgt_width(uint32_t cp);

#endif
