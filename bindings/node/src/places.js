import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package, without links. */
export const PACKAGE = realpathSync(fileURLToPath(new URL('..', import.meta.url)));

/**
 * Where the native library is looked for if nothing names it: beside the package, which is where `npm pack` puts it in a checkout; in
 * the package for this platform, which npm installs with this one; in the checkout that contains the package; and wherever the system's
 * loader finds it.
 *
 * Rejected: the working directory, since no program should load code from there unless it is named.
 */
export function places() {
  const target = (/** @type {string} */ folder) => join(folder, 'release', 'libaxonpush.so');
  const places = [join(PACKAGE, 'libaxonpush.so.0'), join(PACKAGE, 'libaxonpush.so'), ...ofPlatform()];
  const checkout = checkoutOf(PACKAGE);
  if (checkout !== undefined) {
    const { CARGO_TARGET_DIR } = process.env;
    if (CARGO_TARGET_DIR) places.push(target(resolve(checkout, CARGO_TARGET_DIR)));
    places.push(target(join(checkout, 'target')));
  }
  return [...places, 'libaxonpush.so.0'];
}

/**
 * The library in the packages for this platform that are installed. Of glibc's and musl's, package managers that know "libc" install
 * the one that fits; where both are there, only one of them can be loaded.
 */
function ofPlatform() {
  const { resolve: find } = createRequire(import.meta.url);
  return ['gnu', 'musl'].flatMap((libc) => {
    try {
      return [find(`axonpush-native-${process.platform}-${process.arch}-${libc}/libaxonpush.so.0`)];
    } catch {
      return [];
    }
  });
}

/**
 * The checkout of libaxonpush that contains a folder, if any.
 * @param {string} folder
 * @returns {string | undefined}
 */
function checkoutOf(folder) {
  if (existsSync(join(folder, 'include', 'axonpush.h')) && existsSync(join(folder, 'Cargo.toml'))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : checkoutOf(parent);
}
