/* Preloaded into a store's process: writes down its calls on the database's files, and makes some of them fail.

   HW_TRACE   file that gets one line per call that succeeded: "pwrite store.db-wal", "sync store.db-wal",
              and "say WORDS" before the process writes to its standard output.
   HW_FAULT   file that holds "CALL FILE ERRNO" while calls of that kind on that file shall fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static const char *database_file(int fd, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length < 0)
        return NULL;
    path[length] = 0;
    const char *name = strrchr(path, '/');
    return name != NULL && strncmp(name, "/store.db", 9) == 0 ? name + 1 : NULL;
}

static void trace(const char *call, const char *what, size_t length)
{
    const char *file = getenv("HW_TRACE");
    char line[256];
    if (file == NULL)
        return;
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int size = snprintf(line, sizeof line, "%s %.*s\n", call, (int)(length < 200 ? length : 200), what);
    syscall(SYS_write, fd, line, size);
    close(fd);
}

static int fault(const char *call, const char *name)
{
    const char *file = getenv("HW_FAULT");
    char wanted_call[16], wanted_name[64];
    int number = 0;
    FILE *stream = file != NULL ? fopen(file, "r") : NULL;
    if (stream == NULL)
        return 0;
    int found = fscanf(stream, "%15s %63s %d", wanted_call, wanted_name, &number);
    fclose(stream);
    return found == 3 && strcmp(call, wanted_call) == 0 && strcmp(name, wanted_name) == 0 ? number : 0;
}

static ssize_t positioned_write(int fd, const void *data, size_t size, off_t offset)
{
    char path[4096];
    const char *name = database_file(fd, path, sizeof path);
    int number = name != NULL ? fault("pwrite", name) : 0;
    if (number) {
        errno = number;
        return -1;
    }
    ssize_t written = syscall(SYS_pwrite64, fd, data, size, offset);
    if (name != NULL && written >= 0)
        trace("pwrite", name, strlen(name));
    return written;
}

static int synchronise(int fd, long call)
{
    char path[4096];
    const char *name = database_file(fd, path, sizeof path);
    int number = name != NULL ? fault("sync", name) : 0;
    if (number) {
        errno = number;
        return -1;
    }
    int result = syscall(call, fd);
    if (name != NULL && result == 0)
        trace("sync", name, strlen(name));
    return result;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return positioned_write(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return positioned_write(fd, data, size, offset); }
int fdatasync(int fd) { return synchronise(fd, SYS_fdatasync); }
int fsync(int fd) { return synchronise(fd, SYS_fsync); }

ssize_t write(int fd, const void *data, size_t size)
{
    if (fd == STDOUT_FILENO && size > 0)
        trace("say", data, size - 1); /* without its newline */
    return syscall(SYS_write, fd, data, size);
}
