/* Channel descriptions of the runtime, and the driver's formats of array elements. */
#ifndef CPL_CUDART_FORMAT_H
#define CPL_CUDART_FORMAT_H
#include "call.h"

/* The format and number of channels; 0, or cudaErrorInvalidChannelDescriptor. */
int cpl_format_of(const cudaChannelFormatDesc *description, CUarray_format *format, unsigned int *channels);
/* The other way round. */
cudaChannelFormatDesc cpl_format_description(CUarray_format format, unsigned int channels);
/* The bytes of an element of `array`. Returns a status. */
int cpl_format_bytes(CUarray array, size_t *bytes);

#endif
