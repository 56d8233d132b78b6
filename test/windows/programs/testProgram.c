// One window with one of each common control, for tests that drive programs. Each thing that happens to a control becomes one line,
// `control=what`, in the status label and in the log file; values of the password field are counted, never written.
//   testProgram.exe [--log FILE] [--title TEXT] [--rows N] [--elements N] [--hang-at-start MS]
// --rows: rows of the list view (5); --elements: opens a second window with this many labels in groups of ten.
// WM_APP + 1 hangs for wParam milliseconds, WM_APP + 2 ends the program without a word, WM_APP + 3 closes the covering window.
#include <windows.h>
#include <commctrl.h>
#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

// Identifiers of the controls; tests name them as automation ids.
enum {
  ID_STATUS = 100, ID_NAME, ID_PASSWORD, ID_NOTES, ID_OK, ID_ADD, ID_DIALOG, ID_HANG, ID_MOVE, ID_COVER,
  ID_TICK = 120, ID_THREE, ID_RED, ID_GREEN, ID_BLUE, ID_COLOURS, ID_FRUIT, ID_EDITABLE, ID_TABLE, ID_TREE, ID_TAB,
  ID_SLIDER = 150, ID_PROGRESS, ID_DISABLED, ID_HIDDEN, ID_MOVING, ID_COVERED, ID_READONLY, ID_SCROLLED,
  ID_NEW = 200, ID_SAVE, ID_EXIT, ID_BOLD, ID_SMALL, ID_LARGE, ID_ABOUT, ID_GREYED,
  ID_ANSWER = 300,
};
enum { TIMER_MOVE = 1 };
enum { HANG = WM_APP + 1, DIE = WM_APP + 2, UNCOVER = WM_APP + 3 };

static HINSTANCE instance;
static HWND window, status, moving, cover;
static HFONT font;
static FILE *logFile;
static int rows = 5, elements, clicks, movingTicks;
static const wchar_t *title = L"Test program";

static void say(const wchar_t *format, ...) {
  wchar_t text[1024];
  va_list arguments;
  va_start(arguments, format);
  vswprintf(text, 1024, format, arguments);
  va_end(arguments);
  SetWindowTextW(status, text);
  if (!logFile) return;
  char bytes[4096];
  WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
  fprintf(logFile, "%s\n", bytes);
  fflush(logFile);
}

static HWND add(const wchar_t *class, const wchar_t *text, DWORD style, int id, int x, int y, int width, int height) {
  const DWORD extended = wcscmp(class, WC_EDITW) && wcscmp(class, WC_LISTBOXW) ? 0 : WS_EX_CLIENTEDGE;
  HWND control = CreateWindowExW(extended, class, text, WS_CHILD | WS_VISIBLE | style, x, y, width, height, window,
                                 (HMENU)(INT_PTR)id, instance, NULL);
  SendMessageW(control, WM_SETFONT, (WPARAM)font, TRUE);
  return control;
}

static void addTable(void) {
  HWND table = add(WC_LISTVIEWW, L"Orders", LVS_REPORT | LVS_SHOWSELALWAYS | WS_BORDER | WS_TABSTOP, ID_TABLE, 270, 200, 330, 130);
  ListView_SetExtendedListViewStyle(table, LVS_EX_FULLROWSELECT | LVS_EX_CHECKBOXES);
  const wchar_t *headers[] = {L"Order", L"Customer", L"Amount"};
  for (int column = 0; column < 3; column++) {
    LVCOLUMNW header = {.mask = LVCF_TEXT | LVCF_WIDTH, .cx = 100, .pszText = (wchar_t *)headers[column]};
    SendMessageW(table, LVM_INSERTCOLUMNW, column, (LPARAM)&header);
  }
  const wchar_t *customers[] = {L"Contoso", L"Fabrikam", L"\x017b" L"abka \x00e9t\x00e9", L"Northwind", L"Adventure Works"};
  for (int row = 0; row < rows; row++) {
    wchar_t text[64];
    swprintf(text, 64, L"A-%04d", 1001 + row);
    LVITEMW item = {.mask = LVIF_TEXT, .iItem = row, .pszText = text};
    SendMessageW(table, LVM_INSERTITEMW, 0, (LPARAM)&item);
    LVITEMW customer = {.iSubItem = 1, .pszText = (wchar_t *)customers[row % 5]};
    SendMessageW(table, LVM_SETITEMTEXTW, row, (LPARAM)&customer);
    swprintf(text, 64, L"%d.50", (row + 1) * 10);
    LVITEMW amount = {.iSubItem = 2, .pszText = text};
    SendMessageW(table, LVM_SETITEMTEXTW, row, (LPARAM)&amount);
  }
}

static HTREEITEM addNode(HWND tree, HTREEITEM parent, const wchar_t *text) {
  TVINSERTSTRUCTW node = {.hParent = parent, .hInsertAfter = TVI_LAST};
  node.item.mask = TVIF_TEXT;
  node.item.pszText = (wchar_t *)text;
  return (HTREEITEM)SendMessageW(tree, TVM_INSERTITEMW, 0, (LPARAM)&node);
}

static void addControls(void) {
  status = add(WC_STATICW, L"ready", SS_LEFT | SS_NOPREFIX, ID_STATUS, 10, 8, 590, 18);
  add(WC_STATICW, L"&Name", 0, -1, 10, 36, 70, 18);
  add(WC_EDITW, L"", ES_AUTOHSCROLL | WS_TABSTOP, ID_NAME, 85, 32, 165, 24);
  add(WC_STATICW, L"&Password", 0, -1, 10, 66, 70, 18);
  add(WC_EDITW, L"", ES_PASSWORD | ES_AUTOHSCROLL | WS_TABSTOP, ID_PASSWORD, 85, 62, 165, 24);
  add(WC_STATICW, L"No&tes", 0, -1, 10, 96, 70, 18);
  add(WC_EDITW, L"", ES_MULTILINE | ES_AUTOVSCROLL | ES_WANTRETURN | WS_VSCROLL | WS_TABSTOP, ID_NOTES, 85, 92, 165, 60);
  add(WC_EDITW, L"fixed text", ES_READONLY | ES_AUTOHSCROLL | WS_TABSTOP, ID_READONLY, 85, 156, 165, 22);

  add(WC_BUTTONW, L"&OK", BS_DEFPUSHBUTTON | WS_TABSTOP, ID_OK, 270, 32, 75, 26);
  add(WC_BUTTONW, L"&Add row", WS_TABSTOP, ID_ADD, 350, 32, 75, 26);
  add(WC_BUTTONW, L"&Dialog\x2026", WS_TABSTOP, ID_DIALOG, 430, 32, 75, 26);
  add(WC_BUTTONW, L"Hang 3 s", WS_TABSTOP, ID_HANG, 510, 32, 75, 26);
  add(WC_BUTTONW, L"Move", WS_TABSTOP, ID_MOVE, 270, 62, 75, 26);
  add(WC_BUTTONW, L"Cover", WS_TABSTOP, ID_COVER, 350, 62, 75, 26);
  add(WC_BUTTONW, L"Disabled", WS_DISABLED | WS_TABSTOP, ID_DISABLED, 430, 62, 75, 26);
  ShowWindow(add(WC_BUTTONW, L"Hidden", WS_TABSTOP, ID_HIDDEN, 510, 62, 75, 26), SW_HIDE);

  add(WC_BUTTONW, L"&Tick me", BS_AUTOCHECKBOX | WS_TABSTOP, ID_TICK, 270, 96, 90, 20);
  add(WC_BUTTONW, L"T&hree states", BS_AUTO3STATE | WS_TABSTOP, ID_THREE, 365, 96, 110, 20);
  add(WC_BUTTONW, L"Colour", BS_GROUPBOX, -1, 270, 120, 235, 44);
  add(WC_BUTTONW, L"&Red", BS_AUTORADIOBUTTON | WS_GROUP | WS_TABSTOP, ID_RED, 280, 138, 65, 20);
  add(WC_BUTTONW, L"&Green", BS_AUTORADIOBUTTON, ID_GREEN, 350, 138, 70, 20);
  add(WC_BUTTONW, L"&Blue", BS_AUTORADIOBUTTON, ID_BLUE, 425, 138, 65, 20);

  HWND colours = add(WC_COMBOBOXW, L"", CBS_DROPDOWNLIST | WS_VSCROLL | WS_GROUP | WS_TABSTOP, ID_COLOURS, 10, 190, 115, 200);
  HWND editable = add(WC_COMBOBOXW, L"", CBS_DROPDOWN | WS_VSCROLL | WS_TABSTOP, ID_EDITABLE, 135, 190, 115, 200);
  HWND fruit = add(WC_LISTBOXW, L"Fruit", LBS_NOTIFY | LBS_EXTENDEDSEL | WS_VSCROLL | WS_TABSTOP, ID_FRUIT, 10, 222, 115, 108);
  HWND scrolled = add(WC_LISTBOXW, L"Numbers", LBS_NOTIFY | WS_VSCROLL | WS_TABSTOP, ID_SCROLLED, 135, 222, 115, 108);
  const wchar_t *names[] = {L"Apple", L"Banana", L"Cherry", L"D\x00fcrian", L"Elderberry"};
  const wchar_t *shades[] = {L"White", L"Grey", L"Black"};
  for (int index = 0; index < 5; index++) SendMessageW(fruit, LB_ADDSTRING, 0, (LPARAM)names[index]);
  for (int index = 0; index < 3; index++) {
    SendMessageW(colours, CB_ADDSTRING, 0, (LPARAM)shades[index]);
    SendMessageW(editable, CB_ADDSTRING, 0, (LPARAM)shades[index]);
  }
  for (int index = 1; index <= 100; index++) {
    wchar_t text[16];
    swprintf(text, 16, L"Number %d", index);
    SendMessageW(scrolled, LB_ADDSTRING, 0, (LPARAM)text);
  }
  addTable();

  HWND tree = add(WC_TREEVIEWW, L"Regions", TVS_HASBUTTONS | TVS_HASLINES | TVS_LINESATROOT | WS_BORDER | WS_TABSTOP, ID_TREE, 10, 340, 240, 110);
  HTREEITEM europe = addNode(tree, TVI_ROOT, L"Europe");
  HTREEITEM poland = addNode(tree, europe, L"Poland");
  addNode(tree, poland, L"Krak\x00f3w");
  addNode(tree, poland, L"Warsaw");
  addNode(tree, europe, L"France");
  addNode(tree, TVI_ROOT, L"Asia");

  HWND tab = add(WC_TABCONTROLW, L"", WS_TABSTOP, ID_TAB, 270, 340, 330, 60);
  const wchar_t *pages[] = {L"General", L"Details", L"History"};
  for (int index = 0; index < 3; index++) {
    TCITEMW page = {.mask = TCIF_TEXT, .pszText = (wchar_t *)pages[index]};
    SendMessageW(tab, TCM_INSERTITEMW, index, (LPARAM)&page);
  }
  HWND slider = add(TRACKBAR_CLASSW, L"Volume", TBS_AUTOTICKS | WS_TABSTOP, ID_SLIDER, 270, 405, 180, 30);
  SendMessageW(slider, TBM_SETRANGE, TRUE, MAKELPARAM(0, 100));
  HWND progress = add(PROGRESS_CLASSW, L"", 0, ID_PROGRESS, 460, 408, 140, 18);
  SendMessageW(progress, PBM_SETPOS, 40, 0);
  moving = add(WC_BUTTONW, L"Moving", WS_TABSTOP, ID_MOVING, 10, 460, 75, 26);
  add(WC_BUTTONW, L"Covered", WS_TABSTOP, ID_COVERED, 510, 460, 85, 26);
}

static HMENU menu(void) {
  HMENU bar = CreateMenu(), file = CreatePopupMenu(), format = CreatePopupMenu(), size = CreatePopupMenu();
  AppendMenuW(file, MF_STRING, ID_NEW, L"&New\tCtrl+N");
  AppendMenuW(file, MF_STRING, ID_SAVE, L"&Save\tCtrl+S");
  AppendMenuW(file, MF_STRING | MF_GRAYED, ID_GREYED, L"&Print");
  AppendMenuW(file, MF_SEPARATOR, 0, NULL);
  AppendMenuW(file, MF_STRING, ID_EXIT, L"E&xit");
  AppendMenuW(size, MF_STRING, ID_SMALL, L"&Small");
  AppendMenuW(size, MF_STRING, ID_LARGE, L"&Large");
  AppendMenuW(format, MF_STRING, ID_BOLD, L"&Bold");
  AppendMenuW(format, MF_POPUP, (UINT_PTR)size, L"&Size");
  AppendMenuW(bar, MF_POPUP, (UINT_PTR)file, L"&File");
  AppendMenuW(bar, MF_POPUP, (UINT_PTR)format, L"F&ormat");
  AppendMenuW(bar, MF_STRING, ID_ABOUT, L"A&bout");
  return bar;
}

static LRESULT CALLBACK dialogProcedure(HWND dialog, UINT message, WPARAM first, LPARAM second) {
  if (message == WM_CLOSE || (message == WM_COMMAND && (LOWORD(first) == IDOK || LOWORD(first) == IDCANCEL))) {
    wchar_t answer[256];
    GetDlgItemTextW(dialog, ID_ANSWER, answer, 256);
    const BOOL accepted = message == WM_COMMAND && LOWORD(first) == IDOK;
    // The owner comes back before its dialog goes, or another program would come to the front.
    EnableWindow(window, TRUE);
    DestroyWindow(dialog);
    SetForegroundWindow(window);
    if (accepted) say(L"dialog=%ls", answer);
    else say(L"dialog=cancelled");
    return 0;
  }
  return DefWindowProcW(dialog, message, first, second);
}

static void showDialog(void) {
  RECT place;
  GetWindowRect(window, &place);
  HWND dialog = CreateWindowExW(WS_EX_DLGMODALFRAME, L"TestDialog", L"Question", WS_POPUP | WS_CAPTION | WS_SYSMENU | WS_VISIBLE,
                                place.left + 120, place.top + 120, 300, 130, window, NULL, instance, NULL);
  HWND parts[] = {
      CreateWindowExW(0, WC_STATICW, L"Your answer", WS_CHILD | WS_VISIBLE, 10, 14, 80, 18, dialog, (HMENU)-1, instance, NULL),
      CreateWindowExW(WS_EX_CLIENTEDGE, WC_EDITW, L"", WS_CHILD | WS_VISIBLE | WS_TABSTOP, 95, 10, 180, 24, dialog, (HMENU)ID_ANSWER, instance, NULL),
      CreateWindowExW(0, WC_BUTTONW, L"OK", WS_CHILD | WS_VISIBLE | WS_TABSTOP | BS_DEFPUSHBUTTON, 110, 55, 75, 26, dialog, (HMENU)IDOK, instance, NULL),
      CreateWindowExW(0, WC_BUTTONW, L"Cancel", WS_CHILD | WS_VISIBLE | WS_TABSTOP, 195, 55, 75, 26, dialog, (HMENU)IDCANCEL, instance, NULL),
  };
  for (int index = 0; index < 4; index++) SendMessageW(parts[index], WM_SETFONT, (WPARAM)font, TRUE);
  EnableWindow(window, FALSE);
  SetFocus(parts[1]);
  say(L"dialog=opened");
}

static void coverSomething(void) {
  RECT place;
  GetWindowRect(GetDlgItem(window, ID_COVERED), &place);
  cover = CreateWindowExW(WS_EX_TOPMOST | WS_EX_TOOLWINDOW, L"TestCover", L"Cover", WS_POPUP | WS_VISIBLE | WS_BORDER, place.left - 10,
                          place.top - 10, place.right - place.left + 20, place.bottom - place.top + 20, NULL, NULL, instance, NULL);
  say(L"cover=shown");
}

static void showElements(void) {
  HWND many = CreateWindowExW(0, L"TestGroup", L"Many elements", WS_OVERLAPPEDWINDOW | WS_VISIBLE, 620, 20, 640, 760, NULL, NULL, instance, NULL);
  HWND group = NULL;
  for (int index = 0; index < elements; index++) {
    wchar_t text[32];
    if (index % 10 == 0) {
      swprintf(text, 32, L"Group %d", index / 10 + 1);
      group = CreateWindowExW(0, L"TestGroup", text, WS_CHILD | WS_VISIBLE, (index / 10) % 5 * 125, index / 50 * 70, 122, 66, many,
                              (HMENU)(INT_PTR)(1000 + index / 10), instance, NULL);
    }
    swprintf(text, 32, L"Item %d", index + 1);
    CreateWindowExW(0, WC_BUTTONW, text, WS_CHILD | WS_VISIBLE, index % 10 % 2 * 60, index % 10 / 2 * 13, 58, 12, group,
                    (HMENU)(INT_PTR)(2000 + index), instance, NULL);
  }
}

static void command(int id, int notification, HWND control) {
  wchar_t text[1024] = L"";
  switch (id) {
    case ID_NAME: case ID_NOTES:
      if (notification != EN_CHANGE) return;
      GetWindowTextW(control, text, 1024);
      say(L"%ls=%ls", id == ID_NAME ? L"name" : L"notes", text);
      return;
    case ID_PASSWORD:
      if (notification == EN_CHANGE) say(L"password=%d characters", GetWindowTextLengthW(control));
      return;
    case ID_OK: say(L"ok=%d", ++clicks); return;
    case ID_ADD: {
      HWND table = GetDlgItem(window, ID_TABLE);
      GetDlgItemTextW(window, ID_NAME, text, 1024);
      LVITEMW item = {.mask = LVIF_TEXT, .iItem = 100000, .pszText = text};
      say(L"row=%d", (int)SendMessageW(table, LVM_INSERTITEMW, 0, (LPARAM)&item));
      return;
    }
    case ID_DIALOG: showDialog(); return;
    case ID_HANG: say(L"hang=begin"); Sleep(3000); say(L"hang=end"); return;
    case ID_MOVE: movingTicks = 0; SetTimer(window, TIMER_MOVE, 30, NULL); say(L"move=begin"); return;
    case ID_COVER: coverSomething(); return;
    case ID_MOVING: say(L"moving=clicked"); return;
    case ID_COVERED: say(L"covered=clicked"); return;
    case ID_DISABLED: say(L"disabled=clicked"); return;
    case ID_HIDDEN: say(L"hidden=clicked"); return;
    case ID_TICK: say(L"tick=%d", (int)SendMessageW(control, BM_GETCHECK, 0, 0)); return;
    case ID_THREE: say(L"three=%d", (int)SendMessageW(control, BM_GETCHECK, 0, 0)); return;
    case ID_RED: say(L"colour=red"); return;
    case ID_GREEN: say(L"colour=green"); return;
    case ID_BLUE: say(L"colour=blue"); return;
    case ID_COLOURS:
      if (notification != CBN_SELCHANGE) return;
      SendMessageW(control, CB_GETLBTEXT, SendMessageW(control, CB_GETCURSEL, 0, 0), (LPARAM)text);
      say(L"shade=%ls", text);
      return;
    case ID_EDITABLE:
      if (notification == CBN_SELCHANGE) SendMessageW(control, CB_GETLBTEXT, SendMessageW(control, CB_GETCURSEL, 0, 0), (LPARAM)text);
      else if (notification == CBN_EDITCHANGE) GetWindowTextW(control, text, 1024);
      else return;
      say(L"editable=%ls", text);
      return;
    case ID_FRUIT: {
      if (notification != LBN_SELCHANGE) return;
      int chosen[8], count = (int)SendMessageW(control, LB_GETSELITEMS, 8, (LPARAM)chosen);
      wchar_t one[64];
      for (int index = 0; index < count; index++) {
        SendMessageW(control, LB_GETTEXT, chosen[index], (LPARAM)one);
        if (index) wcscat(text, L",");
        wcscat(text, one);
      }
      say(L"fruit=%ls", text);
      return;
    }
    case ID_SCROLLED:
      if (notification == LBN_SELCHANGE) say(L"number=%d", (int)SendMessageW(control, LB_GETCURSEL, 0, 0) + 1);
      return;
    case ID_NEW: say(L"menu=new"); return;
    case ID_SAVE: say(L"menu=save"); return;
    case ID_BOLD: say(L"menu=bold"); return;
    case ID_SMALL: say(L"menu=small"); return;
    case ID_LARGE: say(L"menu=large"); return;
    case ID_ABOUT: say(L"menu=about"); return;
    case ID_EXIT: DestroyWindow(window); return;
  }
}

static void notified(const NMHDR *header) {
  if (header->idFrom == ID_TAB && header->code == TCN_SELCHANGE) {
    say(L"tab=%d", (int)SendMessageW(header->hwndFrom, TCM_GETCURSEL, 0, 0));
  } else if (header->idFrom == ID_TABLE && header->code == LVN_ITEMCHANGED) {
    const NMLISTVIEW *change = (const NMLISTVIEW *)header;
    if ((change->uNewState & LVIS_SELECTED) && !(change->uOldState & LVIS_SELECTED)) say(L"row=%d", change->iItem);
    const UINT before = (change->uOldState & LVIS_STATEIMAGEMASK) >> 12, now = (change->uNewState & LVIS_STATEIMAGEMASK) >> 12;
    if (before && now && before != now) say(L"row %d=%ls", change->iItem, now == 2 ? L"ticked" : L"not ticked");
  } else if (header->idFrom == ID_TREE && (header->code == TVN_SELCHANGEDW || header->code == TVN_ITEMEXPANDEDW)) {
    const NMTREEVIEWW *change = (const NMTREEVIEWW *)header;
    wchar_t text[128];
    TVITEMW item = {.mask = TVIF_TEXT, .hItem = change->itemNew.hItem, .pszText = text, .cchTextMax = 128};
    SendMessageW(header->hwndFrom, TVM_GETITEMW, 0, (LPARAM)&item);
    const wchar_t *what = header->code == TVN_SELCHANGEDW ? L"tree" : change->action == TVE_EXPAND ? L"expanded" : L"collapsed";
    say(L"%ls=%ls", what, text);
  }
}

static LRESULT CALLBACK procedure(HWND handle, UINT message, WPARAM first, LPARAM second) {
  switch (message) {
    case WM_COMMAND: command(LOWORD(first), HIWORD(first), (HWND)second); return 0;
    case WM_NOTIFY: notified((const NMHDR *)second); break;
    case WM_HSCROLL:
      if ((HWND)second == GetDlgItem(handle, ID_SLIDER)) say(L"slider=%d", (int)SendMessageW((HWND)second, TBM_GETPOS, 0, 0));
      return 0;
    case WM_TIMER:
      if (first == TIMER_MOVE) {
        movingTicks++;
        SetWindowPos(moving, NULL, 10 + movingTicks * 4 % 380, 460, 0, 0, SWP_NOSIZE | SWP_NOZORDER);
        if (movingTicks == 66) {
          KillTimer(handle, TIMER_MOVE);
          say(L"move=end");
        }
      }
      return 0;
    case WM_CONTEXTMENU: say(L"right click"); return 0;
    case WM_MOUSEWHEEL: say(L"wheel=%d", GET_WHEEL_DELTA_WPARAM(first)); return 0;
    case WM_LBUTTONDBLCLK: say(L"double click"); return 0;
    case HANG: say(L"hang=begin"); Sleep((DWORD)first); say(L"hang=end"); return 0;
    case DIE: TerminateProcess(GetCurrentProcess(), 3); return 0;
    case UNCOVER: if (cover) DestroyWindow(cover); cover = NULL; say(L"cover=gone"); return 0;
    case WM_CLOSE: say(L"closed"); DestroyWindow(handle); return 0;
    case WM_DESTROY: PostQuitMessage(0); return 0;
  }
  return DefWindowProcW(handle, message, first, second);
}

static void registerClass(const wchar_t *name, WNDPROC proc) {
  WNDCLASSEXW class = {.cbSize = sizeof class, .style = CS_DBLCLKS, .lpfnWndProc = proc, .hInstance = instance, .lpszClassName = name,
                       .hCursor = LoadCursorW(NULL, (LPCWSTR)IDC_ARROW), .hbrBackground = (HBRUSH)(COLOR_BTNFACE + 1)};
  RegisterClassExW(&class);
}

int WINAPI wWinMain(HINSTANCE self, HINSTANCE before, wchar_t *line, int show) {
  instance = self;
  for (int index = 1; index + 1 < __argc; index += 2) {
    const wchar_t *name = __wargv[index], *value = __wargv[index + 1];
    if (!wcscmp(name, L"--log")) logFile = _wfopen(value, L"ab");
    else if (!wcscmp(name, L"--title")) title = value;
    else if (!wcscmp(name, L"--rows")) rows = _wtoi(value);
    else if (!wcscmp(name, L"--elements")) elements = _wtoi(value);
    else if (!wcscmp(name, L"--hang-at-start")) Sleep((DWORD)_wtoi(value));
  }
  INITCOMMONCONTROLSEX controls = {sizeof controls, ICC_WIN95_CLASSES};
  InitCommonControlsEx(&controls);
  // A font by name: the default one differs from system to system, and with it what fits where.
  font = CreateFontW(-12, 0, 0, 0, FW_NORMAL, 0, 0, 0, DEFAULT_CHARSET, 0, 0, 0, 0, L"Tahoma");
  registerClass(L"TestWindow", procedure);
  registerClass(L"TestDialog", dialogProcedure);
  registerClass(L"TestCover", DefWindowProcW);
  registerClass(L"TestGroup", DefWindowProcW);
  window = CreateWindowExW(0, L"TestWindow", title, WS_OVERLAPPEDWINDOW & ~WS_THICKFRAME, 40, 40, 630, 560, NULL, menu(), instance, NULL);
  addControls();
  if (elements) showElements();
  ShowWindow(window, SW_SHOW);
  say(L"ready");

  ACCEL keys[] = {{FVIRTKEY | FCONTROL, 'N', ID_NEW}, {FVIRTKEY | FCONTROL, 'S', ID_SAVE}};
  HACCEL accelerators = CreateAcceleratorTableW(keys, 2);
  MSG message;
  while (GetMessageW(&message, NULL, 0, 0) > 0) {
    HWND active = GetActiveWindow();
    if (TranslateAcceleratorW(window, accelerators, &message)) continue;
    if (active && IsDialogMessageW(active, &message)) continue;
    TranslateMessage(&message);
    DispatchMessageW(&message);
  }
  if (logFile) fclose(logFile);
  return 0;
}
