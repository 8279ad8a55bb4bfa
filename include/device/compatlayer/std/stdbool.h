#ifndef CPL_STD_STDBOOL_H
#define CPL_STD_STDBOOL_H
#define __bool_true_false_are_defined 1
#endif
