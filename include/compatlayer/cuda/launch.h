/* Launches and occupancy. */
#ifndef COMPATLAYER_CUDA_LAUNCH_H
#define COMPATLAYER_CUDA_LAUNCH_H
#include "api.h"
#include "types.h"

CPL_C_BEGIN

CPL_API_PTSZ(4000, 7000) CUresult cuLaunchKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
    unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY, unsigned int blockDimZ,
    unsigned int sharedMemBytes, CUstream hStream, void **kernelParams, void **extra);
CPL_API_PTSZ(11060, 11060) CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f, void **kernelParams,
    void **extra);
CPL_API_PTSZ(9000, 9000) CUresult cuLaunchCooperativeKernel(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,
    unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY, unsigned int blockDimZ,
    unsigned int sharedMemBytes, CUstream hStream, void **kernelParams);
CPL_API(9000) CUresult cuLaunchCooperativeKernelMultiDevice(CUDA_LAUNCH_PARAMS *launchParamsList,
    unsigned int numDevices, unsigned int flags);
CPL_API_PTSZ(10000, 10000) CUresult cuLaunchHostFunc(CUstream hStream, CUhostFn fn, void *userData);
CPL_API(2000) CUresult cuLaunch(CUfunction f);
CPL_API(2000) CUresult cuLaunchGrid(CUfunction f, int grid_width, int grid_height);
CPL_API(2000) CUresult cuLaunchGridAsync(CUfunction f, int grid_width, int grid_height, CUstream hStream);
CPL_API(6050) CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *numBlocks, CUfunction func, int blockSize,
    size_t dynamicSMemSize);
CPL_API(7000) CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *numBlocks, CUfunction func,
    int blockSize, size_t dynamicSMemSize, unsigned int flags);
CPL_API(6050) CUresult cuOccupancyMaxPotentialBlockSize(int *minGridSize, int *blockSize, CUfunction func,
    CUoccupancyB2DSize blockSizeToDynamicSMemSize, size_t dynamicSMemSize, int blockSizeLimit);
CPL_API(7000) CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(int *minGridSize, int *blockSize, CUfunction func,
    CUoccupancyB2DSize blockSizeToDynamicSMemSize, size_t dynamicSMemSize, int blockSizeLimit, unsigned int flags);
CPL_API(10020) CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *dynamicSmemSize, CUfunction func,
    int numBlocks, int blockSize);
CPL_API(11070) CUresult cuOccupancyMaxPotentialClusterSize(int *clusterSize, CUfunction func,
    const CUlaunchConfig *config);
CPL_API(11070) CUresult cuOccupancyMaxActiveClusters(int *numClusters, CUfunction func, const CUlaunchConfig *config);
CPL_API_PTSZ(13020, 13020) CUresult cuLaunchHostFunc_v2(CUstream hStream, CUhostFn fn, void *userData,
    unsigned int syncMode);

CPL_C_END

#endif
