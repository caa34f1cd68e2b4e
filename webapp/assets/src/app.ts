/** What every page loads. Each page works without it; this saves clicks, keeps drafts and moves the focus. */

import "htmx.org";
import { sendCsrfToken } from "./app/csrf";
import { openDialogs } from "./app/dialogs";
import { autosaveDrafts } from "./app/drafts";
import { keepFocus } from "./app/focus";
import { listenForKeys } from "./app/keys";

sendCsrfToken();
openDialogs();
autosaveDrafts();
keepFocus();
listenForKeys();
