/* Channel descriptions of the runtime, and the driver's formats of array elements. */
#include "format.h"

/* Formats with a kind of their own; the number of channels is part of the kind. */
static const struct special {
    cudaChannelFormatKind kind;
    CUarray_format format;
    unsigned int channels;
    int bits;
} specials[] = {
    {cudaChannelFormatKindNV12, CU_AD_FORMAT_NV12, 3, 8},
    {cudaChannelFormatKindUnsignedNormalized8X1, CU_AD_FORMAT_UNORM_INT8X1, 1, 8},
    {cudaChannelFormatKindUnsignedNormalized8X2, CU_AD_FORMAT_UNORM_INT8X2, 2, 8},
    {cudaChannelFormatKindUnsignedNormalized8X4, CU_AD_FORMAT_UNORM_INT8X4, 4, 8},
    {cudaChannelFormatKindUnsignedNormalized16X1, CU_AD_FORMAT_UNORM_INT16X1, 1, 16},
    {cudaChannelFormatKindUnsignedNormalized16X2, CU_AD_FORMAT_UNORM_INT16X2, 2, 16},
    {cudaChannelFormatKindUnsignedNormalized16X4, CU_AD_FORMAT_UNORM_INT16X4, 4, 16},
    {cudaChannelFormatKindSignedNormalized8X1, CU_AD_FORMAT_SNORM_INT8X1, 1, 8},
    {cudaChannelFormatKindSignedNormalized8X2, CU_AD_FORMAT_SNORM_INT8X2, 2, 8},
    {cudaChannelFormatKindSignedNormalized8X4, CU_AD_FORMAT_SNORM_INT8X4, 4, 8},
    {cudaChannelFormatKindSignedNormalized16X1, CU_AD_FORMAT_SNORM_INT16X1, 1, 16},
    {cudaChannelFormatKindSignedNormalized16X2, CU_AD_FORMAT_SNORM_INT16X2, 2, 16},
    {cudaChannelFormatKindSignedNormalized16X4, CU_AD_FORMAT_SNORM_INT16X4, 4, 16},
    {cudaChannelFormatKindUnsignedBlockCompressed1, CU_AD_FORMAT_BC1_UNORM, 4, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed1SRGB, CU_AD_FORMAT_BC1_UNORM_SRGB, 4, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed2, CU_AD_FORMAT_BC2_UNORM, 4, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed2SRGB, CU_AD_FORMAT_BC2_UNORM_SRGB, 4, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed3, CU_AD_FORMAT_BC3_UNORM, 4, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed3SRGB, CU_AD_FORMAT_BC3_UNORM_SRGB, 4, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed4, CU_AD_FORMAT_BC4_UNORM, 1, 8},
    {cudaChannelFormatKindSignedBlockCompressed4, CU_AD_FORMAT_BC4_SNORM, 1, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed5, CU_AD_FORMAT_BC5_UNORM, 2, 8},
    {cudaChannelFormatKindSignedBlockCompressed5, CU_AD_FORMAT_BC5_SNORM, 2, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed6H, CU_AD_FORMAT_BC6H_UF16, 3, 16},
    {cudaChannelFormatKindSignedBlockCompressed6H, CU_AD_FORMAT_BC6H_SF16, 3, 16},
    {cudaChannelFormatKindUnsignedBlockCompressed7, CU_AD_FORMAT_BC7_UNORM, 4, 8},
    {cudaChannelFormatKindUnsignedBlockCompressed7SRGB, CU_AD_FORMAT_BC7_UNORM_SRGB, 4, 8},
};

/* Formats of plain numbers. */
static const struct plain {
    cudaChannelFormatKind kind;
    int bits;
    CUarray_format format;
} plains[] = {
    {cudaChannelFormatKindUnsigned, 8, CU_AD_FORMAT_UNSIGNED_INT8},
    {cudaChannelFormatKindUnsigned, 16, CU_AD_FORMAT_UNSIGNED_INT16},
    {cudaChannelFormatKindUnsigned, 32, CU_AD_FORMAT_UNSIGNED_INT32},
    {cudaChannelFormatKindSigned, 8, CU_AD_FORMAT_SIGNED_INT8},
    {cudaChannelFormatKindSigned, 16, CU_AD_FORMAT_SIGNED_INT16},
    {cudaChannelFormatKindSigned, 32, CU_AD_FORMAT_SIGNED_INT32},
    {cudaChannelFormatKindFloat, 16, CU_AD_FORMAT_HALF},
    {cudaChannelFormatKindFloat, 32, CU_AD_FORMAT_FLOAT},
};

enum { SPECIALS = sizeof specials / sizeof *specials, PLAINS = sizeof plains / sizeof *plains };

/* 1, 2 or 4 channels of the same width, from x on; 0 for what no array has. */
static unsigned int count_channels(const cudaChannelFormatDesc *description)
{
    const int bits[] = {description->x, description->y, description->z, description->w};
    unsigned int count = 0;
    while (count < 4 && bits[count] != 0)
        count++;
    for (unsigned int i = 0; i < 4; i++)
        if (bits[i] != (i < count ? bits[0] : 0))
            return 0;
    return count == 3 ? 0 : count;
}

int cpl_format_of(const cudaChannelFormatDesc *description, CUarray_format *format, unsigned int *channels)
{
    for (int i = 0; i < SPECIALS; i++)
        if (specials[i].kind == description->f) {
            *format = specials[i].format;
            *channels = specials[i].channels;
            return 0;
        }
    *channels = count_channels(description);
    for (int i = 0; i < PLAINS && *channels != 0; i++)
        if (plains[i].kind == description->f && plains[i].bits == description->x) {
            *format = plains[i].format;
            return 0;
        }
    return cudaErrorInvalidChannelDescriptor;
}

cudaChannelFormatDesc cpl_format_description(CUarray_format format, unsigned int channels)
{
    cudaChannelFormatDesc description = {0, 0, 0, 0, cudaChannelFormatKindNone};
    int bits = 0;
    for (int i = 0; i < PLAINS; i++)
        if (plains[i].format == format) {
            bits = plains[i].bits;
            description.f = plains[i].kind;
        }
    for (int i = 0; i < SPECIALS; i++)
        if (specials[i].format == format) {
            bits = specials[i].bits;
            description.f = specials[i].kind;
        }
    description.x = bits;
    description.y = channels > 1 ? bits : 0;
    description.z = channels > 2 ? bits : 0;
    description.w = channels > 3 ? bits : 0;
    return description;
}

int cpl_format_bytes(CUarray array, size_t *bytes)
{
    CUDA_ARRAY3D_DESCRIPTOR descriptor;
    int status;
    CPL_TRY(status, drv_cuArray3DGetDescriptor_v2(&descriptor, array));
    if (status == 0) {
        cudaChannelFormatDesc description = cpl_format_description(descriptor.Format, descriptor.NumChannels);
        *bytes = (size_t)(description.x + description.y + description.z + description.w) / 8;
    }
    return status;
}
