// The two sockets of a device. Both come back by themselves.

const RETRY = 1000, ALIVE = 300, FULL = 4096; // ms, ms, bytes waiting to leave

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
      if (message.type === "ping") this.say({ type: "pong", sent: message.sent, browser: performance.now() / 1000 });
      else onText(message);
    }, () => {}, onLink);
    this.skipped = 0;
    setInterval(() => this.say({ type: "alive" }), ALIVE);
  }

  say(message) { if (this.ready) this.socket.send(JSON.stringify(message)); }

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
