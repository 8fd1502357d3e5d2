/* Preloaded into a dispatcher: writes the order of the calls that matter for durability to $TRACE_FILE.
 *
 *   request     an event was read from a socket
 *   wal         bytes were written to the write-ahead log
 *   sync        the write-ahead log was synced, and the call has returned
 *   ack         an answer 202 was written to a socket
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int trace = -1;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("TRACE_FILE");
    if (path) trace = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

static ssize_t (*next_write(void))(int, const void *, size_t) {
    static ssize_t (*next)(int, const void *, size_t);
    if (!next) next = dlsym(RTLD_NEXT, "write");
    return next;
}

static void say(const char *what) {
    if (trace >= 0) next_write()(trace, what, strlen(what));
}

static int is_wal(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 4) return 0;
    path[length] = 0;
    return strcmp(path + length - 4, "-wal") == 0;
}

static int begins(const void *bytes, size_t length, const char *text) {
    return length >= strlen(text) && memcmp(bytes, text, strlen(text)) == 0;
}

ssize_t read(int fd, void *buffer, size_t size) {
    static ssize_t (*next)(int, void *, size_t);
    if (!next) next = dlsym(RTLD_NEXT, "read");
    ssize_t length = next(fd, buffer, size);
    if (length > 0 && begins(buffer, length, "POST /v1/events")) say("request\n");
    return length;
}

ssize_t write(int fd, const void *buffer, size_t size) {
    if (begins(buffer, size, "HTTP/1.1 202")) say("ack\n");
    return next_write()(fd, buffer, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    static ssize_t (*next)(int, const struct iovec *, int);
    if (!next) next = dlsym(RTLD_NEXT, "writev");
    if (count > 0 && begins(parts[0].iov_base, parts[0].iov_len, "HTTP/1.1 202")) say("ack\n");
    return next(fd, parts, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    static ssize_t (*next)(int, const struct msghdr *, int);
    if (!next) next = dlsym(RTLD_NEXT, "sendmsg");
    if (message->msg_iovlen > 0 && begins(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len, "HTTP/1.1 202"))
        say("ack\n");
    return next(fd, message, flags);
}

ssize_t send(int fd, const void *buffer, size_t size, int flags) {
    static ssize_t (*next)(int, const void *, size_t, int);
    if (!next) next = dlsym(RTLD_NEXT, "send");
    if (begins(buffer, size, "HTTP/1.1 202")) say("ack\n");
    return next(fd, buffer, size, flags);
}

ssize_t pwrite64(int fd, const void *buffer, size_t size, off64_t offset) {
    static ssize_t (*next)(int, const void *, size_t, off64_t);
    if (!next) next = dlsym(RTLD_NEXT, "pwrite64");
    if (is_wal(fd)) say("wal\n");
    return next(fd, buffer, size, offset);
}

static int synced(int fd, const char *name) {
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    int result = next(fd);
    if (result == 0 && is_wal(fd)) say("sync\n");
    return result;
}

int fdatasync(int fd) { return synced(fd, "fdatasync"); }
int fsync(int fd) { return synced(fd, "fsync"); }
