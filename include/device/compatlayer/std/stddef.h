/* What device code has of <stddef.h> is in the base header. */
#ifndef CPL_STD_STDDEF_H
#define CPL_STD_STDDEF_H
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
typedef double max_align_t;
#endif
