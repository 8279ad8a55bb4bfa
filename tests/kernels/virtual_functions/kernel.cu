struct Shape {
    __device__ virtual float area() const = 0;
    __device__ virtual int sides() const { return 0; }
    __device__ virtual ~Shape() {}
};

struct Square : Shape {
    float side;
    __device__ explicit Square(float s) : side(s) {}
    __device__ float area() const override { return side * side; }
    __device__ int sides() const override { return 4; }
};

struct Circle : Shape {
    float radius;
    __device__ explicit Circle(float r) : radius(r) {}
    __device__ float area() const override { return 3.0f * radius * radius; }
};

struct Named { int tag = 5; __device__ virtual int name() const { return tag; } };
struct Both : Square, Named {
    __device__ explicit Both(float s) : Square(s) {}
    __device__ int name() const override { return tag + sides(); }
};

__device__ __noinline__ float measure(const Shape &shape) { return shape.area() + 100.0f * shape.sides(); }
__device__ __noinline__ int label(const Named &named) { return named.name(); }

extern "C" __global__ void shapes(const float *sizes, float *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Square square(sizes[i]);
    Circle circle(sizes[i]);
    Both both(sizes[i]);
    const Shape *chosen = i % 2 ? (const Shape *)&square : (const Shape *)&circle;
    out[i] = measure(*chosen) + label(both) * 1000.0f;
}

extern "C" __global__ void on_heap(const float *sizes, float *out)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    Shape *shape = i % 3 ? (Shape *)new Square(sizes[i]) : (Shape *)new Circle(sizes[i]);
    int *numbers = (int *)malloc(10 * sizeof(int));
    for (int k = 0; k < 10; ++k)
        numbers[k] = k * i;
    out[i] = measure(*shape) + numbers[9];
    free(numbers);
    delete shape;
}
