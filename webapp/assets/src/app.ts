/** What every page loads. Each page works without it; this saves clicks, keeps drafts and moves the focus. */

import "htmx.org";
import { announceArrivals } from "./app/arrivals";
import { refreshCounts } from "./app/counts";
import { sendCsrfToken } from "./app/csrf";
import { sayDates } from "./app/dates";
import { centreDiagrams } from "./app/diagrams";
import { openDialogs } from "./app/dialogs";
import { autosaveDrafts } from "./app/drafts";
import { followConditions } from "./app/fields";
import { keepFocus } from "./app/focus";
import { listenForKeys } from "./app/keys";

sendCsrfToken();
openDialogs();
autosaveDrafts();
followConditions();
keepFocus();
listenForKeys();
announceArrivals();
sayDates();
centreDiagrams();
refreshCounts();
