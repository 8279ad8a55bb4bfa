/* What device code has of <stdlib.h> is in the base header. */
#ifndef CPL_STD_STDLIB_H
#define CPL_STD_STDLIB_H
#endif
