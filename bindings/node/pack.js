// npm runs this before and after `npm pack`, so that the package contains the native library and works wherever it is installed:
//     node pack.js add       copies the library that AXONPUSH_LIBRARY names, else the checkout's, into the package's folder
//     node pack.js remove    removes the copy, since in the checkout a library that is built later is to be used
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { PACKAGE, places } from './src/places.js';

const COPY = join(PACKAGE, 'libaxonpush.so.0');

rmSync(COPY, { force: true });
if (process.argv[2] === 'add') {
  const library = process.env.AXONPUSH_LIBRARY || places().find((place) => isAbsolute(place) && existsSync(place));
  if (library) copyFileSync(library, COPY);
  else console.error('axonpush-native: libaxonpush is not built here, so the package will need the one that is installed in the system');
}
