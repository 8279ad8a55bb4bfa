/* The types of the runtime that device code may name. */
#include "cuda_runtime_api.h"
