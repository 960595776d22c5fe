// The binary message of one WebXR frame; the layout stands in webxr_frame.py.

export const JOINTS = [
  "wrist",
  "thumb-metacarpal", "thumb-phalanx-proximal", "thumb-phalanx-distal", "thumb-tip",
  ...["index", "middle", "ring", "pinky"].flatMap((finger) => [
    "metacarpal", "phalanx-proximal", "phalanx-intermediate", "phalanx-distal", "tip",
  ].map((part) => `${finger}-finger-${part}`)),
];

const MAGIC = 0x4d, VERSION = 1, HEADER = 16, CONTROLLER = 40, HAND = 25 * 28;
const CONTROLLER_FLAG = { left: 2, right: 4 }, HAND_FLAG = { left: 8, right: 16 };

function putPose(view, offset, pose) {
  // A position that the headset only guesses is not one to move a robot by.
  const known = pose && !pose.emulatedPosition;
  const p = known ? pose.transform.position : null, q = known ? pose.transform.orientation : null;
  const values = known ? [p.x, p.y, p.z, q.x, q.y, q.z, q.w] : Array(7).fill(NaN);
  values.forEach((value, k) => view.setFloat32(offset + 4 * k, value, true));
}

// `time` is that of the frame in ms; call it inside the animation frame, only there do poses exist.
export function encodeFrame(sequence, time, frame, space) {
  const sources = { controllers: {}, hands: {} };
  for (const source of frame.session.inputSources) {
    if (source.handedness !== "left" && source.handedness !== "right") continue;
    if (source.hand) sources.hands[source.handedness] = source;
    else if (source.gripSpace && source.gamepad) sources.controllers[source.handedness] = source;
  }
  const size = HEADER + CONTROLLER * Object.keys(sources.controllers).length + HAND * Object.keys(sources.hands).length;
  const buffer = new ArrayBuffer(size), view = new DataView(buffer);
  let flags = frame.session.visibilityState === "visible" ? 1 : 0, offset = HEADER;
  for (const side of ["left", "right"]) {
    const source = sources.controllers[side];
    if (!source) continue;
    flags |= CONTROLLER_FLAG[side];
    putPose(view, offset, frame.getPose(source.gripSpace, space));
    const buttons = source.gamepad.buttons, value = (k) => (buttons[k] ? buttons[k].value : 0);
    view.setFloat32(offset + 28, value(0), true);
    view.setFloat32(offset + 32, value(1), true);
    view.setUint32(offset + 36, (buttons[4]?.pressed ? 1 : 0) | (buttons[5]?.pressed ? 2 : 0), true);
    offset += CONTROLLER;
  }
  for (const side of ["left", "right"]) {
    const source = sources.hands[side];
    if (!source) continue;
    flags |= HAND_FLAG[side];
    JOINTS.forEach((name, k) => {
      const joint = source.hand.get(name);
      putPose(view, offset + 28 * k, joint ? frame.getJointPose(joint, space) : null);
    });
    offset += HAND;
  }
  view.setUint8(0, MAGIC);
  view.setUint8(1, VERSION);
  view.setUint16(2, flags, true);
  view.setUint32(4, sequence, true);
  view.setFloat64(8, time, true);
  return buffer;
}

// A thumbstick that is pushed in, on either controller, is the stop button of the headset.
export function stopPressed(session) {
  return [...session.inputSources].some((source) => source.gamepad?.buttons[3]?.pressed);
}
