() => {
  // Colours: [red, green, blue, alpha] from 0 to 1
  const one = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const read = (color) => {
    one.clearRect(0, 0, 1, 1);
    one.fillStyle = color;
    one.fillRect(0, 0, 1, 1);
    return [...one.getImageData(0, 0, 1, 1).data].map((value) => value / 255);
  };
  const rgba = (color) => known.get(color) ?? known.set(color, read(color)).get(color);
  const faded = ([r, g, b, a], by) => [r, g, b, a * by];
  const over = (top, below) => {
    const alpha = top[3] + below[3] * (1 - top[3]);
    return [0, 1, 2]
      .map((i) => alpha && (top[i] * top[3] + below[i] * below[3] * (1 - top[3])) / alpha)
      .concat(alpha);
  };
  const luminance = (color) => {
    const [r, g, b] = color.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (...colors) => {
    const [low, high] = colors.map(luminance).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };

  // Every text, also in shadow roots and in fields, and what else may lie behind one
  const texts = [];
  const pictures = [];
  const shapes = [];
  const collect = (root) => {
    for (const element of root.querySelectorAll("*:not(script, style, noscript, title, desc)")) {
      if (element.shadowRoot) collect(element.shadowRoot);
      if (element.matches("canvas, img, image, video")) pictures.push(element);
      if (element instanceof SVGGeometryElement && !element.closest("defs")) shapes.push(element);
      if (element.matches("textarea, input:is([type=text], [type=number])"))
        texts.push([element, element.value, element]);
      for (const node of element.childNodes) {
        if (node.nodeType !== Node.TEXT_NODE) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        texts.push([element, node.textContent, range]);
      }
    }
  };
  collect(document);
  const around = (element) => {
    const parent = element.assignedSlot ?? element.parentElement ?? element.parentNode?.host;
    return parent ? [...around(parent), element] : [element];
  };
  const has = (box, x, y) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;

  // What is left of a box where elements around it cut it off, unless one can scroll to it
  const seen = (box, elements, styles) => {
    let { left, top, right, bottom } = box;
    for (let i = elements.length - 1; i > 1 && right - left > 1 && bottom - top > 1; i--) {
      if (styles[i].clipPath === "inset(50%)") return false;
      if (
        styles[i].overflow === "visible" ||
        styles[i].display === "inline" ||
        elements[i] instanceof SVGElement
      )
        continue;
      const frame = elements[i].getBoundingClientRect();
      if (/auto|scroll/.test(styles[i].overflow)) ({ left, top, right, bottom } = frame);
      [left, top] = [Math.max(left, frame.left), Math.max(top, frame.top)];
      [right, bottom] = [Math.min(right, frame.right), Math.min(bottom, frame.bottom)];
    }
    return right - left > 1 && bottom - top > 1;
  };

  const measured = [];
  for (const [element, words, place] of texts) {
    const text = words.trim();
    const box = place.getBoundingClientRect();
    if (!text || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
      continue;
    const elements = around(element);
    const styles = elements.map((e) => getComputedStyle(e));
    const style = styles.at(-1);
    if (!seen(box, elements, styles)) continue;
    const x = (box.left + box.right) / 2;
    const y = (box.top + box.bottom) / 2;
    const drawn = element instanceof SVGElement;

    // An element's colour lies behind what is in its box, and, as it cuts off, behind whatever of it is scrolled away
    const grounds = elements.map((e, i) => {
      const behind =
        i < 2 || styles[i].overflow !== "visible" || has(e.getBoundingClientRect(), x, y);
      return behind && !(e instanceof SVGElement) ? rgba(styles[i].backgroundColor) : [0, 0, 0, 0];
    });
    const solid =
      elements[
        Math.max(
          grounds.findLastIndex((color) => color[3] === 1),
          0,
        )
      ];
    const picture = pictures.some(
      (e) =>
        e.checkVisibility() && has(e.getBoundingClientRect(), x, y) && around(e).includes(solid),
    );
    const figure = element.ownerSVGElement?.parentElement;
    const under = (e) =>
      figure.contains(e) &&
      has(e.getBoundingClientRect(), x, y) &&
      e.checkVisibility({ visibilityProperty: true }) &&
      e.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING &&
      e.isPointInFill(new DOMPoint(x, y).matrixTransform(e.getScreenCTM().inverse()));
    const fill = ({ fill, fillOpacity, opacity }) =>
      fill === "none" ? [0, 0, 0, 0] : faded(rgba(fill), fillOpacity * opacity);
    const fills = drawn ? shapes.filter(under).map((e) => fill(getComputedStyle(e))) : [];
    const ink = drawn ? faded(rgba(style.fill), style.fillOpacity) : rgba(style.color);
    const painted = (inks) => {
      const inside = inks.reduce((below, color) => over(color, below), [0, 0, 0, 0]);
      const all = grounds.reduceRight(
        (inner, ground, i) => faded(over(inner, ground), styles[i].opacity),
        inside,
      );
      return over(all, [1, 1, 1, 1]);
    };

    const size = parseFloat(style.fontSize) * (drawn ? element.getScreenCTM().a : 1);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const off = element.closest(":disabled") ?? element.closest("label")?.control?.disabled;
    const streamlits = !elements.some((e) => /^stBidi/.test(e.dataset?.testid));
    const out = off && streamlits ? "inactive" : picture ? "picture" : null;
    const swatch = drawn && /^(■|•••|━━)$/.test(text); // a sample of a colour, with its name beside it
    const at = elements
      .slice(-3)
      .map((e) => e.dataset?.testid ?? [e.localName, ...e.classList].slice(0, 2).join("."));
    const ratio = contrast(painted([...fills, ink]), painted(fills));
    measured.push({ text, at: at.join(" "), ratio, least: swatch ? 1.25 : large ? 3 : 4.5, out });
  }
  return measured;
};
