// The types of what is used of gifenc 1.0.3 (npm, MIT: gifenc-LICENSE.md), as gifenc.js beside this file.

export type Color = number[];

export interface FrameOptions {
  palette?: Color[];
  delay?: number; // ms
  transparent?: boolean;
  transparentIndex?: number;
  dispose?: number;
}

export interface Encoder {
  writeFrame(index: Uint8Array, width: number, height: number, options: FrameOptions): void;
  finish(): void;
  bytes(): Uint8Array<ArrayBuffer>;
}

export function GIFEncoder(): Encoder;
export function quantize(rgba: Uint8Array | Uint8ClampedArray, colors: number): Color[];
export function applyPalette(rgba: Uint8Array | Uint8ClampedArray, palette: Color[]): Uint8Array;
