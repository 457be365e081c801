/* A V4L2 camera at /dev/video97, loaded below a program with LD_PRELOAD: the kernel's side of videodev2.h for one capture
 * device of one size. What it gives is in the folder that PICCTV_V4L2_FOLDER names: for each format a file with its four
 * letters as name, of pictures with their length before each (32 bits), given over and over, 25 a second. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 160, HEIGHT = 120, BUFFERS = 4, BUFFER_BYTES = 1 << 17, MOST_FILES = 4096 };

static const char *const PATH = "/dev/video97";
static const __u32 FORMATS[] = {V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_H264};

static char is_device[MOST_FILES];
static __u32 format;
static FILE *pictures;
static unsigned char *memory;
static unsigned queued, given;
static struct timespec started;

static FILE *open_format(__u32 code)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%.4s", getenv("PICCTV_V4L2_FOLDER"), (const char *)&code);
    return fopen(path, "rb");
}

static int fail(int code)
{
    errno = code;
    return -1;
}

static int nth_format(__u32 index, __u32 *code)
{
    for (unsigned at = 0; at < sizeof FORMATS / sizeof *FORMATS; at++) {
        FILE *file = open_format(FORMATS[at]);
        if (!file)
            continue;
        fclose(file);
        if (index-- == 0) {
            *code = FORMATS[at];
            return 0;
        }
    }
    return fail(EINVAL);
}

static void describe(struct v4l2_format *wanted)
{
    memset(&wanted->fmt, 0, sizeof wanted->fmt);
    wanted->fmt.pix = (struct v4l2_pix_format){
        .width = WIDTH, .height = HEIGHT, .pixelformat = format, .field = V4L2_FIELD_NONE,
        .bytesperline = format == V4L2_PIX_FMT_YUYV ? WIDTH * 2 : 0,
        .sizeimage = format == V4L2_PIX_FMT_YUYV ? WIDTH * HEIGHT * 2 : BUFFER_BYTES,
    };
}

static int set_format(struct v4l2_format *wanted)
{
    FILE *file = open_format(wanted->fmt.pix.pixelformat);
    if (file) {
        if (pictures)
            fclose(pictures);
        pictures = file;
        format = wanted->fmt.pix.pixelformat;
    } else if (!format && nth_format(0, &format) == 0) {
        pictures = open_format(format);
    }
    describe(wanted);
    return 0;
}

static int get_format(struct v4l2_format *wanted)
{
    if (!format)
        wanted->fmt.pix.pixelformat = 0, set_format(wanted);
    describe(wanted);
    return 0;
}

static int take_picture(struct v4l2_buffer *buffer)
{
    struct timespec due = started;
    __u32 length;
    if (!queued)
        return fail(EAGAIN);
    due.tv_nsec += (given % 25) * 40000000L;
    due.tv_sec += given / 25 + due.tv_nsec / 1000000000L;
    due.tv_nsec %= 1000000000L;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    if (fread(&length, sizeof length, 1, pictures) != 1) {
        rewind(pictures);
        if (fread(&length, sizeof length, 1, pictures) != 1)
            return fail(EIO);
    }
    buffer->index = given % BUFFERS;
    if (length > BUFFER_BYTES || fread(memory + buffer->index * BUFFER_BYTES, 1, length, pictures) != length)
        return fail(EIO);
    buffer->bytesused = length;
    buffer->length = BUFFER_BYTES;
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    buffer->timestamp.tv_sec = due.tv_sec;
    buffer->timestamp.tv_usec = due.tv_nsec / 1000;
    queued--;
    given++;
    return 0;
}

static int answer(int file, unsigned long request, void *data)
{
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *said = data;
        memset(said, 0, sizeof *said);
        strcpy((char *)said->card, "Camera of the tests");
        said->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        if (getenv("PICCTV_V4L2_METADATA"))
            said->device_caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING;
        /* as for a UVC camera: the capabilities of all of its devices together */
        said->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_ENUM_FMT:
        return nth_format(((struct v4l2_fmtdesc *)data)->index, &((struct v4l2_fmtdesc *)data)->pixelformat);
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *size = data;
        if (size->index > 0)
            return fail(EINVAL);
        size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        size->discrete.width = WIDTH;
        size->discrete.height = HEIGHT;
        return 0;
    }
    case VIDIOC_G_INPUT:
    case VIDIOC_S_INPUT:
        *(int *)data = 0;
        return 0;
    case VIDIOC_ENUMINPUT: {
        struct v4l2_input *input = data;
        return input->index > 0 ? fail(EINVAL) : (input->type = V4L2_INPUT_TYPE_CAMERA, 0);
    }
    case VIDIOC_G_FMT:
        return get_format(data);
    case VIDIOC_S_FMT:
        return set_format(data);
    case VIDIOC_G_PARM:
    case VIDIOC_S_PARM: {
        struct v4l2_streamparm *parameters = data;
        parameters->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        parameters->parm.capture.timeperframe = (struct v4l2_fract){1, 25};
        return 0;
    }
    case VIDIOC_REQBUFS:
        ((struct v4l2_requestbuffers *)data)->count = BUFFERS;
        if (ftruncate(file, BUFFERS * BUFFER_BYTES))
            return -1;
        memory = mmap(NULL, BUFFERS * BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        return memory == MAP_FAILED ? -1 : 0;
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *buffer = data;
        buffer->length = BUFFER_BYTES;
        buffer->m.offset = buffer->index * BUFFER_BYTES;
        return 0;
    }
    case VIDIOC_QBUF:
        queued++;
        return 0;
    case VIDIOC_DQBUF:
        return take_picture(data);
    case VIDIOC_STREAMON:
        clock_gettime(CLOCK_MONOTONIC, &started);
        return 0;
    case VIDIOC_STREAMOFF:
        return 0;
    default:
        return fail(ENOTTY);
    }
}

static int open_path(const char *name, const char *path, int flags, mode_t mode)
{
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
    if (strcmp(path, PATH))
        return real(path, flags, mode);
    int file = memfd_create("v4l2", MFD_CLOEXEC);
    if (file >= 0 && file < MOST_FILES)
        is_device[file] = 1;
    return file;
}

#define OPEN(name)                                                                                                             \
    int name(const char *path, int flags, ...)                                                                                 \
    {                                                                                                                          \
        va_list more;                                                                                                          \
        va_start(more, flags);                                                                                                 \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                                                \
        va_end(more);                                                                                                          \
        return open_path(#name, path, flags, mode);                                                                            \
    }
OPEN(open)
OPEN(open64)

int close(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
    if (file >= 0 && file < MOST_FILES)
        is_device[file] = 0;
    return real(file);
}

int ioctl(int file, unsigned long request, ...)
{
    int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    va_list more;
    va_start(more, request);
    void *data = va_arg(more, void *);
    va_end(more);
    /* Callers give the number as an int: its upper half is that of a negative one. */
    if (file >= 0 && file < MOST_FILES && is_device[file])
        return answer(file, request & 0xffffffffUL, data);
    return real(file, request, data);
}
