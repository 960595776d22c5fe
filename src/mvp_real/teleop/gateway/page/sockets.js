// The two sockets of a device. Both come back by themselves.

const RETRY = 1000, ALIVE = 300, FULL = 4096; // ms, ms, bytes waiting to leave
const PINGS = 40; // looked back at: clocks drift apart, so old ones go

function address(path) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/${path}`;
}

class Socket {
  constructor(path, onText, onBinary, onLink) {
    Object.assign(this, { path, onText, onBinary, onLink, socket: null });
    this.open();
  }

  open() {
    const socket = new WebSocket(address(this.path));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.onLink(true);
    socket.onmessage = ({ data }) => (typeof data === "string" ? this.onText(JSON.parse(data)) : this.onBinary(data));
    socket.onclose = () => { this.onLink(false); setTimeout(() => this.open(), RETRY); };
    this.socket = socket;
  }

  get ready() { return this.socket.readyState === WebSocket.OPEN; }
}

export class ControlSocket extends Socket {
  constructor(onText, onLink) {
    super("control", (message) => {
      if (message.type === "ping") this.pinged(message.sent);
      else {
        if (message.type === "answer" && message.action === "stop") this.stopAskedAt = null;
        onText(message);
      }
    }, () => {}, (on) => {
      if (on && this.stopAskedAt !== null) this.say({ type: "stop" });
      onLink(on);
    });
    Object.assign(this, { skipped: 0, stopAskedAt: null, ways: [] });
    setInterval(() => this.say({ type: "alive" }), ALIVE);
  }

  say(message) { if (this.ready) this.socket.send(JSON.stringify(message)); }

  // A stop is kept until the robot has answered it: what no connection could take goes first over the next one.
  stop() {
    this.stopAskedAt ??= performance.now();
    this.say({ type: "stop" });
  }

  get stopWaits() { return this.stopAskedAt === null ? 0 : performance.now() - this.stopAskedAt; }

  pinged(sent) {
    const now = performance.now() / 1000;
    this.say({ type: "pong", sent, browser: now });
    this.ways.push(now - sent);
    if (this.ways.length > PINGS) this.ways.shift();
  }

  // How long something that was sent at that time of the robot's computer took beyond the shortest way, s.
  lag(sent) { return this.ways.length ? performance.now() / 1000 - sent - Math.min(...this.ways) : 0; }

  // The newest frame wins: one that cannot leave at once is not worth sending later.
  frame(buffer) {
    if (!this.ready) return;
    if (this.socket.bufferedAmount > FULL) { this.skipped += 1; return; }
    this.socket.send(buffer);
  }
}

export class ViewSocket extends Socket {
  constructor(onState, onPicture, onLink) {
    super("view", onState, (data) => createImageBitmap(new Blob([data], { type: "image/jpeg" })).then(onPicture, () => {}), onLink);
  }
}
