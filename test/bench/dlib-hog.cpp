// dlib's HOG face detector with one upsampling, on pictures that are decoded already: how many a second.
//   dlib-hog SECONDS FILE...    each FILE: "WIDTH HEIGHT\n", then RGB bytes; prints {"pictures","seconds","faces"}
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <vector>

#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_transforms.h>

using Picture = dlib::array2d<dlib::rgb_pixel>;

static void read(const char *path, Picture &picture) {
  std::ifstream file(path, std::ios::binary);
  long width = 0, height = 0;
  file >> width >> height;
  file.get();
  if (!file || width < 1 || height < 1) {
    std::cerr << path << ": no picture\n";
    std::exit(1);
  }
  picture.set_size(height, width);
  std::vector<unsigned char> row(width * 3);
  for (long y = 0; y < height; y++) {
    file.read(reinterpret_cast<char *>(row.data()), row.size());
    for (long x = 0; x < width; x++)
      picture[y][x] = dlib::rgb_pixel(row[3 * x], row[3 * x + 1], row[3 * x + 2]);
  }
  if (!file) {
    std::cerr << path << ": ends early\n";
    std::exit(1);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) {
    std::cerr << "dlib-hog SECONDS FILE...\n";
    return 2;
  }
  const double seconds = std::atof(argv[1]);
  std::vector<Picture> pictures(argc - 2);
  for (int i = 2; i < argc; i++) read(argv[i], pictures[i - 2]);
  auto detector = dlib::get_frontal_face_detector();

  // Every picture is looked at once at the least, and their faces are counted once.
  const auto start = std::chrono::steady_clock::now();
  auto elapsed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  size_t done = 0, faces = 0;
  while (done < pictures.size() || elapsed() < seconds) {
    Picture larger;
    dlib::assign_image(larger, pictures[done % pictures.size()]);
    dlib::pyramid_up(larger);
    const auto found = detector(larger).size();
    if (done < pictures.size()) faces += found;
    done++;
  }
  std::printf("{\"pictures\":%zu,\"seconds\":%.6f,\"faces\":%zu}\n", done, elapsed(), faces);
}
