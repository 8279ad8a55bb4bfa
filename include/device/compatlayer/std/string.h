/* What device code has of <string.h> is in the base header. */
#ifndef CPL_STD_STRING_H
#define CPL_STD_STRING_H
#endif
