/* The screens behind the list. They come over the line apart, while somebody types the PIN or reads the list. */

import { drawDay, exportUnsent } from "./day.js";
import { createMap } from "./map.js";
import { createMarking } from "./marks.js";
import { drawSettings } from "./settings.js";
import { openSheet } from "./sheet.js";

export { createMap, createMarking, drawDay, drawSettings, exportUnsent, openSheet };
