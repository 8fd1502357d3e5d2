/* Preloaded into a dispatcher: its clock, disk and name server misbehave as the bench says, at once and while it runs.

   HW_SWITCHES  file of 64-bit numbers, shared by mapping (`shim.py` names and writes them)
   HW_DATA      folder whose files the disk's faults are for

   Calls that no switch is set for go on unchanged. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CLOCK_MS, SYNC_ERRNO, SYNC_MS, READ_US, READ_ONLY, DNS, SWITCHES };
enum { DNS_AS_IT_IS, DNS_ANSWERS, DNS_FAILS };

static volatile int64_t none[SWITCHES], *switches = none;
static const char *data = "";

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
    int fd = open(getenv("HW_SWITCHES"), O_RDONLY | O_CLOEXEC);
    void *shared = mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
    if (fd < 0 || shared == MAP_FAILED)
        abort();
    close(fd);
    switches = shared;
    data = getenv("HW_DATA");
}

static void wait_us(int64_t us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    if (us)
        nanosleep(&time, NULL);
}

/* --- the clock: only the one on the wall jumps ------------------------------------------------------------------ */

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = syscall(SYS_clock_gettime, clock, time);
    int64_t jump = switches[CLOCK_MS];
    if (result == 0 && jump && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t ns = time->tv_nsec + jump % 1000 * 1000000;
        time->tv_sec += jump / 1000 + (ns < 0 ? -1 : ns / 1000000000);
        time->tv_nsec = ns < 0 ? ns + 1000000000 : ns % 1000000000;
    }
    return result;
}

int gettimeofday(struct timeval *time, void *zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds)
        *seconds = now.tv_sec;
    return now.tv_sec;
}

/* --- the disk --------------------------------------------------------------------------------------------------- */

static int stored(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return strncmp(path, data, strlen(data)) == 0;
}

static int refuse(int number)
{
    errno = number;
    return -1;
}

static int synchronise(int fd, long call)
{
    if ((switches[SYNC_ERRNO] || switches[SYNC_MS]) && stored(fd)) {
        wait_us(switches[SYNC_MS] * 1000);
        if (switches[SYNC_ERRNO])
            return refuse(switches[SYNC_ERRNO]);
    }
    return syscall(call, fd);
}

int fsync(int fd) { return synchronise(fd, SYS_fsync); }
int fdatasync(int fd) { return synchronise(fd, SYS_fdatasync); }

ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset)
{
    if (switches[READ_US] && stored(fd))
        wait_us(switches[READ_US]);
    return syscall(SYS_pread64, fd, bytes, size, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset)
{
    if (switches[READ_ONLY] && stored(fd))
        return refuse(EROFS);
    return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

int ftruncate64(int fd, off64_t size)
{
    if (switches[READ_ONLY] && stored(fd))
        return refuse(EROFS);
    return syscall(SYS_ftruncate, fd, size);
}

ssize_t pread(int fd, void *bytes, size_t size, off_t offset) { return pread64(fd, bytes, size, offset); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { return pwrite64(fd, bytes, size, offset); }
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int statvfs(const char *path, struct statvfs *found)
{
    int result = NEXT(statvfs)(path, found);
    if (result == 0 && switches[READ_ONLY] && strncmp(path, data, strlen(data)) == 0)
        found->f_flag |= ST_RDONLY;
    return result;
}

int statvfs64(const char *path, struct statvfs64 *found)
{
    int result = NEXT(statvfs64)(path, found);
    if (result == 0 && switches[READ_ONLY] && strncmp(path, data, strlen(data)) == 0)
        found->f_flag |= ST_RDONLY;
    return result;
}

/* --- the name server: names below .test are at HW_ADDRESS, or it does not answer ---------------------------------- */

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    if (!switches[DNS] || name == NULL || strstr(name, ".test") == NULL)
        return NEXT(getaddrinfo)(name, service, hints, found);
    if (switches[DNS] == DNS_FAILS)
        return EAI_AGAIN;
    return NEXT(getaddrinfo)(getenv("HW_ADDRESS"), service, hints, found);
}
