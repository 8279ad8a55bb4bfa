/* VDPAU interoperation. */
#ifndef COMPATLAYER_CUDAVDPAU_H
#define COMPATLAYER_CUDAVDPAU_H
#include <cuda.h>

#ifndef _VDPAU_H
typedef uint32_t VdpDevice;
typedef uint32_t VdpVideoSurface;
typedef uint32_t VdpOutputSurface;
typedef uint32_t VdpGetProcAddress(VdpDevice device, uint32_t function_id, void **function_pointer);
#endif

CPL_C_BEGIN

CPL_API(3010) CUresult cuVDPAUGetDevice(CUdevice *pDevice, VdpDevice vdpDevice, VdpGetProcAddress *vdpGetProcAddress);
CPL_API(3020) CUresult cuVDPAUCtxCreate_v2(CUcontext *pCtx, unsigned int flags, CUdevice device, VdpDevice vdpDevice,
    VdpGetProcAddress *vdpGetProcAddress);
CPL_API(3010) CUresult cuGraphicsVDPAURegisterVideoSurface(CUgraphicsResource *pCudaResource,
    VdpVideoSurface vdpSurface, unsigned int flags);
CPL_API(3010) CUresult cuGraphicsVDPAURegisterOutputSurface(CUgraphicsResource *pCudaResource,
    VdpOutputSurface vdpSurface, unsigned int flags);

CPL_C_END

#endif
