/* What the tar writer and reader share. */
#include "archive/tar.h"

#include <stddef.h>

unsigned hgt_tar_checksum(const struct hgt_tar_header *header)
{
	const unsigned char *p = (const unsigned char *)header;
	const size_t start = offsetof(struct hgt_tar_header, checksum);
	const size_t end = start + sizeof(header->checksum);
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(*header); i++)
		sum += i >= start && i < end ? ' ' : p[i];
	return sum;
}

size_t hgt_tar_padding(uint64_t size)
{
	return (size_t)((HGT_TAR_BLOCK - size % HGT_TAR_BLOCK) % HGT_TAR_BLOCK);
}
