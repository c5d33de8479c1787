/* The string and time functions that Headgate does not use; included by error.h, so by everything. */
#ifndef HEADGATE_BASE_BANNED_H
#define HEADGATE_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Each name below becomes an undeclared identifier, so its use is a compile error that names the
 * replacement. System headers must come first, which is why they are included above.
 */
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef gets
#undef gmtime
#undef localtime
#undef ctime
#undef asctime
#undef atoi
#define strcpy banned_strcpy_use_hgt_buf
#define strcat banned_strcat_use_hgt_buf
#define strncpy banned_strncpy_use_hgt_buf
#define strncat banned_strncat_use_hgt_buf
#define sprintf banned_sprintf_use_snprintf_or_hgt_buf_addf
#define vsprintf banned_vsprintf_use_vsnprintf_or_hgt_buf_addvf
#define strtok banned_strtok_use_strcspn
#define gets banned_gets
#define gmtime banned_gmtime_use_gmtime_r
#define localtime banned_localtime_use_localtime_r
#define ctime banned_ctime_use_hgt_time_format
#define asctime banned_asctime_use_hgt_time_format
#define atoi banned_atoi_use_hgt_parse_u64

#endif
