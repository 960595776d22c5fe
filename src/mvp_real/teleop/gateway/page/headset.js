// An immersive session: sends each frame's hands, and draws the camera's picture and the robot's state on a panel.

import { encodeFrame, stopPressed } from "./protocol.js";

const VERTEX = `#version 300 es
uniform mat4 projection, view, model;
in vec2 corner;
out vec2 place;
void main() { place = vec2(corner.x + 0.5, 0.5 - corner.y); gl_Position = projection * view * model * vec4(corner, 0.0, 1.0); }`;
const FRAGMENT = `#version 300 es
precision mediump float;
uniform sampler2D picture;
in vec2 place;
out vec4 colour;
void main() { colour = texture(picture, place); }`;

const WIDTH = { "immersive-vr": 1.6, "immersive-ar": 0.6 }, DISTANCE = { "immersive-vr": 1.7, "immersive-ar": 1.0 }; // m

export async function supportedModes() {
  if (!navigator.xr) return [];
  const modes = ["immersive-ar", "immersive-vr"];
  const known = await Promise.all(modes.map((mode) => navigator.xr.isSessionSupported(mode).catch(() => false)));
  return modes.filter((_, k) => known[k]);
}

export class Headset {
  constructor(panel, sendFrame, sendStop, onEnd) {
    Object.assign(this, { panel, sendFrame, sendStop, onEnd, sequence: 0, session: null, frames: 0 });
  }

  async enter(mode) {
    const session = await navigator.xr.requestSession(mode, {
      requiredFeatures: ["local-floor"], optionalFeatures: ["hand-tracking"],
    });
    this.session = session;
    session.addEventListener("end", () => { this.session = null; this.onEnd(); });
    this.stopHeld = false;
    const canvas = document.createElement("canvas");
    const gl = canvas.getContext("webgl2", { xrCompatible: true, alpha: true });
    await gl.makeXRCompatible?.();
    session.updateRenderState({ baseLayer: new XRWebGLLayer(session, gl) });
    this.space = await session.requestReferenceSpace("local-floor");
    this.painter = new Painter(gl, this.panel, mode);
    session.requestAnimationFrame((time, frame) => this.draw(time, frame));
  }

  draw(time, frame) {
    const session = frame.session;
    session.requestAnimationFrame((next, nextFrame) => this.draw(next, nextFrame));
    this.frames += 1;
    this.sequence += 1;
    // The time of now, not of the frame: some browsers count the frame's from elsewhere, or predict it.
    this.sendFrame(encodeFrame(this.sequence, performance.now(), frame, this.space));
    const stop = stopPressed(session);
    if (stop && !this.stopHeld) this.sendStop();
    this.stopHeld = stop;
    const viewer = frame.getViewerPose(this.space);
    if (viewer) this.painter.draw(session.renderState.baseLayer, viewer);
  }

  leave() { return this.session?.end(); }
}

class Painter {
  constructor(gl, panel, mode) {
    Object.assign(this, { gl, panel, mode, model: null, version: -1 });
    this.program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(this.program, shader);
    }
    gl.bindAttribLocation(this.program, 0, "corner");
    gl.linkProgram(this.program);
    if (!gl.getProgramParameter(this.program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(this.program));
    this.places = Object.fromEntries(["projection", "view", "model"].map((n) => [n, gl.getUniformLocation(this.program, n)]));
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-0.5, -0.5, 0.5, -0.5, -0.5, 0.5, 0.5, 0.5]), gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  }

  // In front of where the operator looked first, upright; it stays there.
  place(viewer) {
    const m = viewer.transform.matrix, length = Math.hypot(m[8], m[10]) || 1;
    const back = [m[8] / length, m[10] / length], distance = DISTANCE[this.mode];
    const w = WIDTH[this.mode], h = (w * this.panel.canvas.height) / this.panel.canvas.width;
    const low = this.mode === "immersive-ar" ? 0.15 : 0;
    return new Float32Array([
      w * back[1], 0, -w * back[0], 0,
      0, h, 0, 0,
      back[0], 0, back[1], 0,
      m[12] - distance * back[0], m[13] - low, m[14] - distance * back[1], 1,
    ]);
  }

  draw(layer, viewer) {
    const gl = this.gl;
    this.model ??= this.place(viewer);
    gl.bindFramebuffer(gl.FRAMEBUFFER, layer.framebuffer);
    gl.clearColor(0.05, 0.06, 0.08, this.mode === "immersive-ar" ? 0 : 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.useProgram(this.program);
    if (this.version !== this.panel.version) {
      this.version = this.panel.version;
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, this.panel.canvas);
    }
    gl.uniformMatrix4fv(this.places.model, false, this.model);
    for (const eye of viewer.views) {
      const port = layer.getViewport(eye);
      if (!port) continue;
      gl.viewport(port.x, port.y, port.width, port.height);
      gl.uniformMatrix4fv(this.places.projection, false, eye.projectionMatrix);
      gl.uniformMatrix4fv(this.places.view, false, eye.transform.inverse.matrix);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
  }
}
