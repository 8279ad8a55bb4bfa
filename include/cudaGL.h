/* OpenGL interoperation. The two OpenGL types are as gl.h has them. */
#ifndef COMPATLAYER_CUDAGL_H
#define COMPATLAYER_CUDAGL_H
#include <cuda.h>

typedef unsigned int GLenum;
typedef unsigned int GLuint;

typedef enum CUGLmap_flags_enum {
    CU_GL_MAP_RESOURCE_FLAGS_NONE = 0,
    CU_GL_MAP_RESOURCE_FLAGS_READ_ONLY = 1,
    CU_GL_MAP_RESOURCE_FLAGS_WRITE_DISCARD = 2
} CUGLmap_flags;

typedef enum CUGLDeviceList_enum {
    CU_GL_DEVICE_LIST_ALL = 1,
    CU_GL_DEVICE_LIST_CURRENT_FRAME = 2,
    CU_GL_DEVICE_LIST_NEXT_FRAME = 3
} CUGLDeviceList;

CPL_C_BEGIN

CPL_API(3000) CUresult cuGraphicsGLRegisterBuffer(CUgraphicsResource *pCudaResource, GLuint buffer, unsigned int Flags);
CPL_API(3000) CUresult cuGraphicsGLRegisterImage(CUgraphicsResource *pCudaResource, GLuint image, GLenum target,
    unsigned int Flags);
CPL_API(6050) CUresult cuGLGetDevices_v2(unsigned int *pCudaDeviceCount, CUdevice *pCudaDevices,
    unsigned int cudaDeviceCount, CUGLDeviceList deviceList);
CPL_API(3020) CUresult cuGLCtxCreate_v2(CUcontext *pCtx, unsigned int Flags, CUdevice device);
CPL_API(2000) CUresult cuGLInit(void);
CPL_API(2000) CUresult cuGLRegisterBufferObject(GLuint buffer);
CPL_API_PTDS(3020, 7000) CUresult cuGLMapBufferObject_v2(CUdeviceptr *dptr, size_t *size, GLuint buffer);
CPL_API(2000) CUresult cuGLUnmapBufferObject(GLuint buffer);
CPL_API(2000) CUresult cuGLUnregisterBufferObject(GLuint buffer);
CPL_API(2030) CUresult cuGLSetBufferObjectMapFlags(GLuint buffer, unsigned int Flags);
CPL_API_PTSZ(3020, 7000) CUresult cuGLMapBufferObjectAsync_v2(CUdeviceptr *dptr, size_t *size, GLuint buffer,
    CUstream hStream);
CPL_API_PTSZ(2030, 7000) CUresult cuGLUnmapBufferObjectAsync(GLuint buffer, CUstream hStream);

CPL_C_END

#endif
