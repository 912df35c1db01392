/**
 * The layer `loaders`, set inside the child because it is a switch of libvips: no picture is read from or
 * written to a path, and only the kinds that sniff.ts lets through are decoded at all.
 */
import sharp from 'sharp';

/** SVG is what our own drawings are made of, JPEG what we give out; foreign SVG never comes this far. */
const READ = ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Tiff', 'Svg'];
const WRITTEN = ['Jpeg'];

/** For the whole process: libvips keeps it in its table of operations, which all threads share. */
export function blockLoaders(): void {
  sharp.block({ operation: ['VipsForeignLoad', 'VipsForeignSave'] });
  sharp.unblock({
    operation: [
      ...READ.map((kind) => `VipsForeignLoad${kind}Buffer`),
      ...WRITTEN.map((kind) => `VipsForeignSave${kind}Buffer`),
    ],
  });
}
