/*
 * Judges the inputs in files, for builds without libFuzzer.
 *
 * usage: fuzz_... FILE|FOLDER...
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

enum { PATH_SIZE = 4096 };

static size_t judged;

/* Exactly as large as the input, so that whatever reads behind it is seen. */
static void judge_file(const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0) {
		perror(path);
		exit(2);
	}
	size_t size = (size_t)info.st_size;
	uint8_t *data = malloc(size > 0 ? size : 1);
	if (!data || read(fd, data, size) != (ssize_t)size) {
		perror(path);
		exit(2);
	}
	close(fd);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	judged++;
}

static void judge_folder(const char *path)
{
	char file[PATH_SIZE];
	DIR *folder = opendir(path);
	struct dirent *entry;
	if (!folder) {
		judge_file(path);
		return;
	}
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && snprintf(file, sizeof(file), "%s/%s", path, entry->d_name) < PATH_SIZE)
			judge_file(file);
	closedir(folder);
}

int main(int count, char **arguments)
{
	LLVMFuzzerInitialize(&count, &arguments);
	if (fuzz_is_noisy && !freopen("/dev/null", "w", stderr))
		return 2;
	for (int i = 1; i < count; i++)
		judge_folder(arguments[i]);
	printf("%zu inputs judged\n", judged);
	return judged == 0;
}
