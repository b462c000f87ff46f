// Direct manipulation: the handles of each distortion, and of each family of theta, and what pulling them does to the values.
// Places are pixels of the image, the centre of pixel j at j. A hand has
//   handles(values)              where to take hold: [{id, x, y, shape, size}]; shape: corner, turn, point, box
//   outlines(values)             closed curves to draw: [[x, y], ...]
//   drag(values, id, from, to)   the values after a pull; id null is the body
//   move, zoom, turn             the same for keys, wheel and two fingers; null where the values have no such freedom
// Values are never changed in place.

import {
  CANVAS,
  DIGIT,
  PATCH,
  dropsOf,
  matrixOf,
  squareToQuadrilateral,
  toNormal,
  toPixel,
  warp,
} from "./engine.js";

const HALF = DIGIT / 2;
const SQUARE = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
];
const rotated = ([x, y], degrees) => {
  const angle = (degrees * Math.PI) / 180;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return [cos * x - sin * y, sin * x + cos * y];
};
const minus = ([a, b], [c, d]) => [a - c, b - d];
const plus = ([a, b], [c, d]) => [a + c, b + d];
const angleOf = ([x, y]) => (Math.atan2(y, x) * 180) / Math.PI;
const wrapped = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180 || 0;
export const pairs = (flat) =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
const turned = (centre, from, to) =>
  wrapped(angleOf(minus(to, centre)) - angleOf(minus(from, centre)));
const ratio = (centre, from, to) =>
  Math.hypot(...minus(to, centre)) / Math.max(Math.hypot(...minus(from, centre)), 0.5);
const ROOM = 0.19; // a turning handle stands so far outside its box, in canvases
const named = (shape, points, size) =>
  points.map(([x, y], i) => ({ id: `${shape}${i}`, x, y, shape, size }));
const number = (id) => Number(id.replace(/\D+/, ""));

// A turning handle beyond the middle of a side, seen from the centre, and no further out than a visible circle.
const turnHandle = (centre, side, size) => {
  const away = minus(side, centre);
  const length = Math.max(Math.hypot(...away), 1e-6);
  const far = length + 0.5 * ROOM * size;
  return {
    id: "turn",
    x: centre[0] + (away[0] / length) * far,
    y: centre[1] + (away[1] / length) * far,
    shape: "turn",
  };
};

// ------------------------------------------------------------------------------------------------- the hand on the distortion

function boxHand(kind) {
  const size = CANVAS[kind][0];
  const middle = (size - 1) / 2;
  const free = kind === "rts";
  const angle = `${kind}_angle`;
  const centre = (v) => (free ? [middle + v.rts_x, middle + v.rts_y] : [middle, middle]);
  const corners = (v) =>
    SQUARE.map((at) =>
      plus(
        centre(v),
        rotated(
          at.map((side) => side * HALF * (free ? v.rts_scale : 1)),
          v[angle],
        ),
      ),
    );
  const move = (v, dx, dy) => ({ ...v, rts_x: v.rts_x + dx, rts_y: v.rts_y + dy });
  const zoom = (v, by) => ({ ...v, rts_scale: v.rts_scale * by });
  const turn = (v, degrees) => ({ ...v, [angle]: wrapped(v[angle] + degrees) });
  return {
    handles(v) {
      const [a, b] = corners(v);
      const turning = turnHandle(centre(v), [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], size);
      return free ? [...named("corner", corners(v)), turning] : [turning];
    },
    outlines: (v) => [corners(v)],
    drag(v, id, from, to) {
      if (id === "turn" || !free) return turn(v, turned(centre(v), from, to));
      return id ? zoom(v, ratio(centre(v), from, to)) : move(v, ...minus(to, from));
    },
    move: free ? move : null,
    zoom: free ? zoom : null,
    turn,
  };
}

const middle = (CANVAS.p[0] - 1) / 2;
const quad = {
  corners: (v) =>
    SQUARE.map(([x, y], i) => [middle + HALF * x + v[`p_x${i}`], middle + HALF * y + v[`p_y${i}`]]),
  // the values whose corners are at these places
  placed: (v, corners) => ({
    ...v,
    ...Object.fromEntries(
      corners.flatMap(([x, y], i) => [
        [`p_x${i}`, x - middle - HALF * SQUARE[i][0]],
        [`p_y${i}`, y - middle - HALF * SQUARE[i][1]],
      ]),
    ),
  }),
  handles: (v) => named("point", quad.corners(v)),
  outlines: (v) => [quad.corners(v)],
  drag: (v, id, from, to) =>
    id
      ? quad.placed(
          v,
          quad.corners(v).map((at, i) => (i === number(id) ? plus(at, minus(to, from)) : at)),
        )
      : quad.move(v, ...minus(to, from)),
  move: (v, dx, dy) =>
    quad.placed(
      v,
      quad.corners(v).map((at) => plus(at, [dx, dy])),
    ),
  zoom: (v, by) => ({ ...v, p_scale: v.p_scale * by }),
  turn: (v, degrees) =>
    quad.placed(
      v,
      quad
        .corners(v)
        .map((at) => plus([middle, middle], rotated(minus(at, [middle, middle]), degrees))),
    ),
};

// The spline maps output to input, so the ink near a control point goes against its move: a handle stands where that ink stands.
function elasticHand(seeded) {
  const rest = Array.from({ length: 16 }, (_, k) => [
    middle + HALF * (-1 + (2 / 3) * (k % 4)),
    middle + HALF * (-1 + (2 / 3) * (k >> 2)),
  ]);
  const pushed = (v) => pairs(seeded.directions.map((at) => at * v.e_strength));
  const points = (v) =>
    rest.map((at, k) => minus(minus(at, pushed(v)[k]), [v.e_moves[2 * k], v.e_moves[2 * k + 1]]));
  const placed = (v, places) => ({
    ...v,
    e_moves: places.flatMap((at, k) => minus(minus(rest[k], pushed(v)[k]), at)),
  });
  const hand = {
    handles: (v) => named("point", points(v)),
    outlines: (v) => lattice(points(v)),
    drag: (v, id, from, to) =>
      id
        ? placed(
            v,
            points(v).map((at, k) => (k === number(id) ? plus(at, minus(to, from)) : at)),
          )
        : hand.move(v, ...minus(to, from)),
    move: (v, dx, dy) =>
      placed(
        v,
        points(v).map((at) => plus(at, [dx, dy])),
      ),
    zoom: (v, by) => ({ ...v, e_scale: v.e_scale * by }),
    turn: (v, degrees) =>
      placed(
        v,
        points(v).map((at) =>
          plus([middle, middle], rotated(minus(at, [middle, middle]), degrees)),
        ),
      ),
  };
  return hand;
}

// The lines of a 4x4 grid of points, across and down.
const lattice = (points) =>
  [0, 1, 2, 3]
    .flatMap((i) => [points.slice(4 * i, 4 * i + 4), points.filter((_, k) => k % 4 === i)])
    .map((curve) => Object.assign(curve, { open: true }));

function clutterHand(seeded) {
  const side = CANVAS.tc[0];
  const held = (at, size) => Math.min(Math.max(Math.round(at), 0), side - size);
  const move = (v, dx, dy) => ({
    ...v,
    tc_x: held(v.tc_x + dx, DIGIT),
    tc_y: held(v.tc_y + dy, DIGIT),
  });
  const box = (x, y, size) =>
    SQUARE.map(([i, j]) => [x - 0.5 + (size * (i + 1)) / 2, y - 0.5 + (size * (j + 1)) / 2]);
  return {
    handles: (v) =>
      pairs(dropsOf(v, seeded))
        .slice(0, v.tc_clutter)
        .map(([x, y], i) => ({
          id: `box${i}`,
          x: x - 0.5 + PATCH / 2,
          y: y - 0.5 + PATCH / 2,
          shape: "box",
          size: PATCH,
        })),
    outlines: (v) => [box(v.tc_x, v.tc_y, DIGIT)],
    drag(v, id, from, to) {
      const [dx, dy] = minus(to, from);
      if (!id) return move(v, dx, dy);
      const drops = [...v.tc_drops];
      const at = 2 * number(id);
      const now = dropsOf(v, seeded);
      drops[at] = held(now[at] + dx, PATCH);
      drops[at + 1] = held(now[at + 1] + dy, PATCH);
      return { ...v, tc_drops: drops };
    },
    move,
    zoom: null,
    turn: null,
  };
}

export function digitHand(kind, seeded) {
  if (kind === "p") return quad;
  if (kind === "e") return elasticHand(seeded);
  return kind === "tc" ? clutterHand(seeded) : boxHand(kind);
}

// --------------------------------------------------------------------------------------------------------- the hand on theta

const FREEDOM = { translation: [], attention: ["zoom"] }; // the others also turn
const product = (a, b) =>
  Array.from({ length: 9 }, (_, i) =>
    [0, 1, 2].reduce((sum, k) => sum + a[3 * Math.floor(i / 3) + k] * b[3 * k + (i % 3)], 0),
  );

// Back from a matrix to the family's parameters.
const PARAMETERS = {
  translation: (m) => [m[2], m[5]],
  attention: (m) => [m[0], m[2], m[5]],
  similarity: (m) => [m[0], m[3], m[2], m[5]],
  affine: (m) => m.slice(0, 6),
  projective: (m) => m.slice(0, 8).map((value) => value / m[8]),
};

export function thetaHand(family, [height, width]) {
  const pixel = ([x, y]) => [toPixel(x, width), toPixel(y, height)];
  const normal = ([x, y]) => [toNormal(x, width), toNormal(y, height)];
  const spline = family === "tps";
  const freedom = FREEDOM[family] ?? ["zoom", "turn"];
  const at = (theta, points) =>
    pairs(warp(family, theta, Float64Array.from(points.flat()))).map(pixel);
  const centre = (theta) =>
    spline
      ? pairs(theta)
          .map(pixel)
          .reduce((sum, p) => plus(sum, [p[0] / 16, p[1] / 16]), [0, 0])
      : at(theta, [[0, 0]])[0];

  // a similarity of the input's pixels about a point, after T_theta
  function after(theta, about, by, degrees, dx, dy) {
    const place = (p) =>
      plus(
        plus(
          about,
          rotated(
            minus(p, about).map((side) => side * by),
            degrees,
          ),
        ),
        [dx, dy],
      );
    if (spline) return pairs(theta).flatMap((p) => normal(place(pixel(p))));
    const [o, x, y] = [
      [0, 0],
      [1, 0],
      [0, 1],
    ].map((p) => normal(place(pixel(p))));
    const matrix = [x[0] - o[0], y[0] - o[0], o[0], x[1] - o[1], y[1] - o[1], o[1], 0, 0, 1];
    return PARAMETERS[family](product(matrix, matrixOf(family, theta)));
  }
  const move = (theta, dx, dy) => after(theta, [0, 0], 1, 0, dx, dy);
  const zoom = (theta, by) => after(theta, centre(theta), by, 0, 0, 0);
  const turn = (theta, degrees) => after(theta, centre(theta), 1, degrees, 0, 0);

  function cornerDrag(theta, corner, from, to) {
    if (family === "projective") {
      const places = at(theta, SQUARE).map((place, i) =>
        normal(i === corner ? plus(place, minus(to, from)) : place),
      );
      const matrix = squareToQuadrilateral(places.flat());
      return matrix[8] > 0.02 ? PARAMETERS.projective(matrix) : theta; // the horizon does not cross the centre
    }
    const about = centre(theta);
    if (family !== "affine")
      return zoom(
        freedom.includes("turn") ? turn(theta, turned(about, from, to)) : theta,
        ratio(about, from, to),
      );
    // the opposite corner goes the other way, the two others stay: with the turning handle and the body, every affine map
    const [o, p] = [normal(about), normal(plus(at(theta, SQUARE)[corner], minus(to, from)))];
    const pulled = minus(p, o);
    const [first, second] = at(theta, SQUARE).map((place) => minus(normal(place), o));
    const a = corner === 0 ? pulled : corner === 2 ? minus([0, 0], pulled) : first;
    const b = corner === 1 ? pulled : corner === 3 ? minus([0, 0], pulled) : second;
    return [
      (b[0] - a[0]) / 2,
      -(a[0] + b[0]) / 2,
      theta[2],
      (b[1] - a[1]) / 2,
      -(a[1] + b[1]) / 2,
      theta[5],
    ];
  }

  return {
    handles(theta) {
      const [a, b] = at(theta, SQUARE);
      const points = spline ? pairs(theta).map(pixel) : at(theta, SQUARE);
      const turning = freedom.includes("turn")
        ? [turnHandle(centre(theta), [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], width)]
        : [];
      return [...(freedom.length ? named("point", points) : []), ...turning];
    },
    outlines: () => [],
    drag(theta, id, from, to) {
      if (id === "turn") return turn(theta, turned(centre(theta), from, to));
      if (!id) return move(theta, ...minus(to, from));
      if (!spline) return cornerDrag(theta, number(id), from, to);
      return pairs(theta).flatMap((p, k) =>
        k === number(id) ? normal(plus(pixel(p), minus(to, from))) : p,
      );
    },
    move,
    zoom: freedom.includes("zoom") ? zoom : null,
    turn: freedom.includes("turn") ? turn : null,
  };
}
