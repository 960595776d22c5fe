// What the operator sees in the headset: the camera's picture under a line of text, painted on one canvas.

const WIDTH = 1024, LINE = 76, COLOURS = { good: "#3fb37f", warn: "#e0a43a", bad: "#e5484d", off: "#97a3b4" };

export class Panel {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.canvas.width = WIDTH;
    this.canvas.height = LINE + WIDTH * 0.75;
    this.context = this.canvas.getContext("2d");
    this.version = 0;
    this.said = "";
    this.say("connecting", "off");
  }

  say(text, level) {
    if (text + level === this.said) return;
    this.said = text + level;
    const c = this.context;
    c.fillStyle = "#14171c";
    c.fillRect(0, 0, WIDTH, LINE);
    c.fillStyle = COLOURS[level];
    c.beginPath();
    c.arc(38, LINE / 2, 15, 0, 2 * Math.PI);
    c.fill();
    c.fillStyle = "#e6e9ee";
    c.font = "34px system-ui, sans-serif";
    c.textBaseline = "middle";
    c.fillText(text, 70, LINE / 2, WIDTH - 90);
    this.version += 1;
  }

  show(picture) {
    this.context.drawImage(picture, 0, LINE, WIDTH, WIDTH * 0.75);
    this.version += 1;
  }
}
