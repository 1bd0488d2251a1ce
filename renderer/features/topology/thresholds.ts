/** Every limit of the map, with its unit and its reason. Nothing else in this folder invents a number of this sort. */

/** A node's box in map units (px at zoom 1), as tall as two lines of text and their air. */
export const NODE_HEIGHT = 40;
/** Rows are this far apart at least; more when the window has room. Map units. */
export const MIN_ROW_PITCH = 52;
export const MAX_ROW_PITCH = 88;
/** Columns of different tiers are this far apart; the width between is where links are read. Map units. */
export const MIN_TIER_PITCH = 188;
export const MAX_TIER_PITCH = 520;
/** Share of a tier's pitch that is the box; the rest is for links. */
export const NODE_SHARE = 0.76;
/** Between two columns of one tier, where links only turn into their row. Map units. */
export const INNER_GAP = 20;

/** A tier longer than this may be laid out in several columns side by side. */
export const MIN_TIER_ROWS = 44;
/** Width : height that a large map aims at, so that it fits a window. */
export const MAP_ASPECT = 1.7;

/** Sweeps of the ordering. The gain after this many is below one per cent of link length. */
export const ORDER_SWEEPS = 12;
/** Rounds that bring nodes to the height of their neighbours. */
export const ALIGN_ROUNDS = 8;
/** When more of the map than this is new at once, keeping the rest in place would only preserve a poor picture. */
export const RELAYOUT_FRACTION = 0.2;
/** Places of things that went away are kept for their return, this many at most. */
export const VACATED_MAX = 2_000;
/** Layouts of earlier settings (fold, hide …) that are kept, so that switching back moves nothing. */
export const LAYOUTS_KEPT = 8;

/** More nodes than this are folded unless the user says how: a window shows about as many with room for names. */
export const AUTO_FOLD_ABOVE = 800;
/** Below this an automatic fold opens again; the distance keeps a world at the border from flapping. */
export const AUTO_UNFOLD_BELOW = 600;
/** An automatic fold takes the finest folding that leaves at most this many nodes. */
export const AUTO_FOLD_TARGET = 400;
/** A fold of fewer would save no row. */
export const MIN_GROUP_SIZE = 2;

/** Zoom limits: the closest is far beyond reading distance, the farthest shows 100,000 nodes. */
export const MIN_ZOOM = 0.02;
export const MAX_ZOOM = 3;
/** Level of detail by zoom: below this a node is a dot, */
export const DOTS_BELOW = 0.3;
/** its name is drawn from here, */
export const NAMES_FROM = 0.35;
/** its second line from here, */
export const SECOND_LINE_FROM = 0.73;
/** and links say their rate from here. */
export const RATES_FROM = 1.3;
/** Text is never smaller than this on the screen, px: below life size it grows on the map instead. */
export const TEXT_MIN_PX = 11;
/** Links from afar are this opaque: a few are drawn fully, thousands become a texture that shows where it is dense. */
export const FAR_LINKS_OPAQUE = 400;
export const FAR_LINKS_FAINTEST = 0.3;
/** Names beside bad nodes when everything is dots: at most this many, or they would hide each other. */
export const FAR_LABELS_MAX = 24;
/** And of everything while no more than this is in view, where rows leave room for a line of text. */
export const FAR_LABELS_ALL_UP_TO = 240;

/** Up to this many visible nodes and links a frame is painted afresh: cheaper than keeping a picture of it. */
export const DIRECT_PAINT_MAX = 1_600;
/** Beyond it, moving shows the last picture while the next is painted in slices of this many milliseconds. */
export const SLICE_MS = 5;
/** A picture reaches this far beyond each edge of the window (share of its size), so that panning rarely leaves it. */
export const OVERSCAN = 0.25;
/** A zoom gesture is over after this long without an event; then the picture is made sharp. Milliseconds. */
export const SETTLE_MS = 120;

/** Cell of the spatial index, in map units: about one node. */
export const GRID_CELL = 128;
/** Options of the listbox twin: what is in view, bad ones first. The table twin has everything. */
export const LISTED_MAX = 200;
/** A tap, not a drag, when the pointer moved less than this. Pixels. */
export const DRAG_SLOP = 4;
