// A stand-in for SteamVR's client library: answers libopenvr_api from datagrams of `mvp_real emulate vive`.
//
// libopenvr_api looks for bin/linux64/vrclient.so in the folder that the path registry names, and asks it for
// VRClientCoreFactory. Structures and numbers follow the public OpenVR interface (IVRSystem_023). There is no thread
// here: datagrams are read whenever the application asks for something. The layout of a datagram is that of wire.py.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>

namespace {

constexpr uint32_t kMagic = 0x5650564d;  // "MVPV" in little-endian order
constexpr uint32_t kVersion = 1, kDevices = 8;
constexpr double kAskAgain = 0.5, kGone = 0.5, kStart = 10.0;  // s
enum { kNotInitialized = 1, kOutOfRange = 201 };               // tracking results
enum { kBufferTooSmall = 3, kUnknownProperty = 4, kInvalidDevice = 5 };
enum { kErrorNotFound = 105, kErrorServiceFailed = 150 };
enum { kActivated = 100, kDeactivated = 101, kQuit = 700 };
constexpr int kModelName = 1001, kSerialNumber = 1002;

#pragma pack(push, 4)
struct Device {
  uint32_t device_class, role, connected, valid, result;
  float pose[12], velocity[3], angular_velocity[3];
  uint64_t pressed, touched;
  float axes[10];
  char serial[32];
};
struct Packet {
  uint32_t magic, version, sequence, count, quit;
  float seated_height;
  Device devices[kDevices];
};
struct ControllerState {
  uint32_t packet;
  uint64_t pressed, touched;
  float axes[10];
};
struct Event {
  uint32_t type, device;
  float age;
  // The rest, a union, stays zero.
};
#pragma pack(pop)
struct Pose {
  float matrix[12], velocity[3], angular_velocity[3];
  uint32_t result;
  bool valid, connected;
};
static_assert(sizeof(Pose) == 80 && sizeof(ControllerState) == 60, "OpenVR's own sizes");

int connection = -1;
double received, asked;
Packet now;
bool told_connected[kDevices], told_quit, refused;

double seconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

void refresh() {
  if (seconds() - asked > kAskAgain) {
    asked = seconds();
    send(connection, "hello", 5, 0);
  }
  Packet packet;
  ssize_t size;
  while ((size = recv(connection, &packet, sizeof packet, MSG_DONTWAIT)) > 0) {
    if (size != sizeof packet || packet.magic != kMagic || packet.version != kVersion) continue;
    if (packet.count > kDevices) continue;
    now = packet;
    received = seconds();
  }
  refused = size < 0 && errno == ECONNREFUSED;
}

bool lost() { return seconds() - received > kGone; }

const Device* device(uint32_t index) {
  refresh();
  return index < now.count ? &now.devices[index] : nullptr;
}

void poses(int universe, float ahead, Pose* out, uint32_t count) {
  refresh();
  std::memset(out, 0, count * sizeof *out);
  for (uint32_t i = 0; i < count; ++i) {
    out[i].result = kNotInitialized;
    if (i >= now.count) continue;
    const Device& d = now.devices[i];
    std::memcpy(out[i].matrix, d.pose, sizeof d.pose);
    std::memcpy(out[i].velocity, d.velocity, sizeof d.velocity);
    std::memcpy(out[i].angular_velocity, d.angular_velocity, sizeof d.angular_velocity);
    for (int axis = 0; axis < 3; ++axis) out[i].matrix[4 * axis + 3] += ahead * d.velocity[axis];
    if (universe == 0) out[i].matrix[7] -= now.seated_height;
    out[i].connected = d.connected && !lost();
    out[i].valid = d.valid && out[i].connected;
    out[i].result = lost() ? static_cast<uint32_t>(kOutOfRange) : d.result;
  }
}

uint32_t index_for_role(int role) {
  refresh();
  for (uint32_t i = 0; i < now.count; ++i)
    if (now.devices[i].role == static_cast<uint32_t>(role) && now.devices[i].connected) return i;
  return 0xffffffff;
}
int role_of(uint32_t i) { return device(i) ? static_cast<int>(now.devices[i].role) : 0; }
int class_of(uint32_t i) { return device(i) ? static_cast<int>(now.devices[i].device_class) : 0; }
bool is_connected(uint32_t i) { return device(i) && now.devices[i].connected && !lost(); }

uint32_t string_property(uint32_t i, int property, char* out, uint32_t size, int* error) {
  int ignored;
  if (!error) error = &ignored;
  const char* text = nullptr;
  if (!device(i)) *error = kInvalidDevice;
  else if (property == kSerialNumber) text = now.devices[i].serial;
  else if (property == kModelName) text = "mvp_real stand-in";
  else *error = kUnknownProperty;
  if (!text) return 0;
  uint32_t needed = std::strlen(text) + 1;
  *error = needed > size ? kBufferTooSmall : 0;
  if (needed <= size) std::memcpy(out, text, needed);
  return needed;
}

bool controller_state(uint32_t i, ControllerState* out, uint32_t size) {
  std::memset(out, 0, size);
  if (size != sizeof *out || !device(i) || now.devices[i].device_class != 2 || !is_connected(i)) return false;
  const Device& d = now.devices[i];
  out->packet = now.sequence;
  out->pressed = d.pressed;
  out->touched = d.touched;
  std::memcpy(out->axes, d.axes, sizeof d.axes);
  return true;
}

bool next_event(Event* event, uint32_t size) {
  refresh();
  std::memset(event, 0, size);
  if (now.quit && !told_quit) {
    event->type = kQuit;
    event->device = 0xffffffff;
    return told_quit = true;
  }
  for (uint32_t i = 0; i < now.count; ++i) {
    bool connected = is_connected(i);
    if (connected == told_connected[i]) continue;
    told_connected[i] = connected;
    event->type = connected ? kActivated : kDeactivated;
    event->device = i;
    return true;
  }
  return false;
}

void haptic(uint32_t i, uint32_t axis, uint16_t microseconds) {
  char text[64];
  int size = std::snprintf(text, sizeof text, "haptic %u %u %u", i, axis, microseconds);
  send(connection, text, size, 0);
}

uintptr_t nothing() { return 0; }
const char* version() { return "mvp_real stand-in"; }

const char* unknown() { return "unknown"; }

void* table[47];  // functions of IVRSystem_023

void fill_table() {
  for (auto& slot : table) slot = reinterpret_cast<void*>(&nothing);
  table[11] = reinterpret_cast<void*>(&poses);
  table[17] = reinterpret_cast<void*>(&index_for_role);
  table[18] = reinterpret_cast<void*>(&role_of);
  table[19] = reinterpret_cast<void*>(&class_of);
  table[20] = reinterpret_cast<void*>(&is_connected);
  table[27] = reinterpret_cast<void*>(&string_property);
  table[29] = reinterpret_cast<void*>(&next_event);
  table[34] = reinterpret_cast<void*>(&controller_state);
  table[36] = reinterpret_cast<void*>(&haptic);
  for (int named : {28, 32, 37, 38}) table[named] = reinterpret_cast<void*>(&unknown);
  table[46] = reinterpret_cast<void*>(&version);
}

// The order of these functions is that of IVRClientCore_003.
class Core {
 public:
  virtual int Init(int, const char*) {
    const char* registry = std::getenv("VR_PATHREG_OVERRIDE");
    if (!registry) return kErrorServiceFailed;
    char path[4096];  // the emulator writes its port beside the path registry
    std::snprintf(path, sizeof path, "%s.port", registry);
    FILE* file = std::fopen(path, "r");
    int port = 0;
    if (!file || std::fscanf(file, "%d", &port) != 1) port = 0;
    if (file) std::fclose(file);
    if (!port) return kErrorServiceFailed;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Cleanup();
    connection = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address)) return kErrorServiceFailed;
    fill_table();
    now = Packet{};
    received = asked = -1e9;
    std::memset(told_connected, 0, sizeof told_connected);
    told_quit = false;
    for (double start = seconds(); lost(); usleep(1000)) {
      refresh();
      if (refused || seconds() - start > kStart) return kErrorServiceFailed;  // nobody emulates
    }
    return 0;
  }
  virtual void Cleanup() {
    if (connection >= 0) close(connection);
    connection = -1;
  }
  virtual int IsInterfaceVersionValid(const char* name) {
    return std::strcmp(name, "IVRSystem_023") ? kErrorNotFound : 0;
  }
  virtual void* GetGenericInterface(const char* name, int* error) {
    bool ours = !std::strcmp(name, "FnTable:IVRSystem_023");
    if (error) *error = ours ? 0 : kErrorNotFound;
    return ours ? table : nullptr;
  }
  virtual bool BIsHmdPresent() { return true; }
  virtual const char* GetEnglishStringForHmdError(int error) {
    return error == kErrorServiceFailed ? "mvp_real emulate vive does not answer" : "error of the stand-in";
  }
  virtual const char* GetIDForVRInitError(int error) {
    return error == kErrorServiceFailed ? "VRInitError_Init_VRServiceStartupFailed" : "VRInitError_Unknown";
  }
};

Core core;

}  // namespace

extern "C" __attribute__((visibility("default"))) void* VRClientCoreFactory(const char* name, int* error) {
  bool ours = !std::strcmp(name, "IVRClientCore_003");
  if (error) *error = ours ? 0 : kErrorNotFound;
  return ours ? &core : nullptr;
}
