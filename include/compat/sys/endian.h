/*
 * sys/endian.h: NetBSD's macros that convert a variable in its place, and reads and writes at any address.
 */
#ifndef PUFFS_COMPAT_SYS_ENDIAN_H
#define PUFFS_COMPAT_SYS_ENDIAN_H

#include <arpa/inet.h>
#include <byteswap.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>

#define _LITTLE_ENDIAN LITTLE_ENDIAN
#define _BIG_ENDIAN BIG_ENDIAN
#define _PDP_ENDIAN PDP_ENDIAN
#define _BYTE_ORDER BYTE_ORDER

#define bswap16(x) bswap_16(x)
#define bswap32(x) bswap_32(x)
#define bswap64(x) bswap_64(x)

#define HTONS(x) ((x) = htons((uint16_t)(x)))
#define HTONL(x) ((x) = htonl((uint32_t)(x)))
#define NTOHS(x) ((x) = ntohs((uint16_t)(x)))
#define NTOHL(x) ((x) = ntohl((uint32_t)(x)))
#define HTOBE16(x) ((x) = htobe16((uint16_t)(x)))
#define HTOBE32(x) ((x) = htobe32((uint32_t)(x)))
#define HTOBE64(x) ((x) = htobe64((uint64_t)(x)))
#define HTOLE16(x) ((x) = htole16((uint16_t)(x)))
#define HTOLE32(x) ((x) = htole32((uint32_t)(x)))
#define HTOLE64(x) ((x) = htole64((uint64_t)(x)))
#define BE16TOH(x) ((x) = be16toh((uint16_t)(x)))
#define BE32TOH(x) ((x) = be32toh((uint32_t)(x)))
#define BE64TOH(x) ((x) = be64toh((uint64_t)(x)))
#define LE16TOH(x) ((x) = le16toh((uint16_t)(x)))
#define LE32TOH(x) ((x) = le32toh((uint32_t)(x)))
#define LE64TOH(x) ((x) = le64toh((uint64_t)(x)))

#define PUFFS_COMPAT_CODEC(bits, order) \
	static __inline uint##bits##_t order##bits##dec(const void *from) \
	{ \
		uint##bits##_t value; \
\
		memcpy(&value, from, sizeof(value)); \
		return order##bits##toh(value); \
	} \
	static __inline void order##bits##enc(void *to, uint##bits##_t value) \
	{ \
		value = hto##order##bits(value); \
		memcpy(to, &value, sizeof(value)); \
	}
PUFFS_COMPAT_CODEC(16, be)
PUFFS_COMPAT_CODEC(32, be)
PUFFS_COMPAT_CODEC(64, be)
PUFFS_COMPAT_CODEC(16, le)
PUFFS_COMPAT_CODEC(32, le)
PUFFS_COMPAT_CODEC(64, le)
#undef PUFFS_COMPAT_CODEC

#endif
