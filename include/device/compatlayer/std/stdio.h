/* What device code has of <stdio.h> is in the base header. */
#ifndef CPL_STD_STDIO_H
#define CPL_STD_STDIO_H
#endif
