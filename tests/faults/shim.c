/* Faults from below a program, for tests: loaded before libc by LD_PRELOAD.
 *
 * The file that PICCTV_FAULTS_CONTROL names holds three 64-bit numbers, and is read whenever they matter:
 * by how many nanoseconds the wall clock is off, whether fsync fails, and what is said of the clock: 1 that something
 * keeps it, 2 that nothing does, 0 what the machine says.
 *
 *     cc -shared -fPIC -O1 -o shim.so shim.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *control;

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("PICCTV_FAULTS_CONTROL");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, 24, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        control = mapped;
}

int clock_gettime(clockid_t id, struct timespec *at)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(id, at);
    if (!failed && control && id == CLOCK_REALTIME && control[0]) {
        int64_t ns = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec + control[0];
        at->tv_sec = ns / 1000000000;
        at->tv_nsec = ns % 1000000000;
    }
    return failed;
}

int adjtimex(struct timex *asked)
{
    if (control && control[2])
        return control[2] == 1 ? TIME_OK : TIME_ERROR;
    return ((int (*)(struct timex *))dlsym(RTLD_NEXT, "adjtimex"))(asked);
}

static int sync_or_fail(const char *name, int file)
{
    if (control && control[1]) {
        errno = EIO;
        return -1;
    }
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    return real(file);
}

int fsync(int file) { return sync_or_fail("fsync", file); }
int fdatasync(int file) { return sync_or_fail("fdatasync", file); }
