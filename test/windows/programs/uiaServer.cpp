// A server of IUIAutomation for tests under Wine, whose own one answers next to nothing: elements are windows and the items of common
// controls, read and changed by messages. It is compiled against the real declarations, so a client that works with it has the order of
// methods, types, ownership and result codes right; it does not show how providers of Windows behave. Never part of the product.
// It does what the documentation asks for: values that were not requested are not in the cache, elements of windows that are gone give
// UIA_E_ELEMENTNOTAVAILABLE, changes of disabled ones UIA_E_ELEMENTNOTENABLED, programs that hang UIA_E_TIMEOUT.
#include <windows.h>
#include <commctrl.h>
#include <oleauto.h>
#include <uiautomation.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

static const HRESULT notAvailable = 0x80040201, notEnabled = 0x80040200, timedOut = 0x80131505, invalidOperation = 0x80131509;
static DWORD connectionTimeout = 2000, transactionTimeout = 20000;

struct Failure { HRESULT result; };
[[noreturn]] static void fail(HRESULT result) { throw Failure{result}; }
template <class F> static HRESULT guard(F work) {
  try { work(); return S_OK; } catch (const Failure &failure) { return failure.result; } catch (...) { return E_FAIL; }
}

// ---- values

static HRESULT copy(VARIANT *to, const VARIANT &from) { return VariantCopy(to, const_cast<VARIANT *>(&from)); }

struct Value : VARIANT {
  Value() { VariantInit(this); }
  Value(const VARIANT &other) { VariantInit(this); copy(this, other); }
  Value(const Value &other) : Value(static_cast<const VARIANT &>(other)) {}
  Value &operator=(const Value &other) { copy(this, other); return *this; }
  ~Value() { VariantClear(this); }
  static Value of(const std::wstring &text) { Value value; value.vt = VT_BSTR; value.bstrVal = SysAllocStringLen(text.data(), text.size()); return value; }
  static Value of(bool is) { Value value; value.vt = VT_BOOL; value.boolVal = is ? VARIANT_TRUE : VARIANT_FALSE; return value; }
  static Value of(long number) { Value value; value.vt = VT_I4; value.lVal = number; return value; }
  static Value of(double number) { Value value; value.vt = VT_R8; value.dblVal = number; return value; }
  static Value of(const std::vector<int> &numbers) {
    Value value; value.vt = VT_ARRAY | VT_I4; value.parray = SafeArrayCreateVector(VT_I4, 0, numbers.size());
    for (LONG at = 0; at < (LONG)numbers.size(); at++) SafeArrayPutElement(value.parray, &at, (void *)&numbers[at]);
    return value;
  }
  static Value of(const RECT &rect) {
    Value value; value.vt = VT_ARRAY | VT_R8; value.parray = SafeArrayCreateVector(VT_R8, 0, 4);
    const double parts[] = {(double)rect.left, (double)rect.top, (double)(rect.right - rect.left), (double)(rect.bottom - rect.top)};
    for (LONG at = 0; at < 4; at++) SafeArrayPutElement(value.parray, &at, (void *)&parts[at]);
    return value;
  }
};

// ---- messages to other programs

static LRESULT send(HWND window, UINT message, WPARAM first = 0, LPARAM second = 0) {
  DWORD_PTR result = 0;
  if (SendMessageTimeoutW(window, message, first, second, SMTO_NORMAL, transactionTimeout, &result)) return result;
  fail(IsWindow(window) ? timedOut : notAvailable);
}

// Memory of another process, for messages that take pointers.
struct Remote {
  HANDLE process; char *at;
  Remote(HWND window, SIZE_T size) {
    DWORD id; GetWindowThreadProcessId(window, &id);
    process = OpenProcess(PROCESS_VM_OPERATION | PROCESS_VM_READ | PROCESS_VM_WRITE, FALSE, id);
    if (!process) fail(notAvailable);
    at = (char *)VirtualAllocEx(process, NULL, size, MEM_COMMIT, PAGE_READWRITE);
    if (!at) { CloseHandle(process); fail(E_OUTOFMEMORY); }
  }
  ~Remote() { VirtualFreeEx(process, at, 0, MEM_RELEASE); CloseHandle(process); }
  void write(const void *data, SIZE_T size, SIZE_T offset = 0) { WriteProcessMemory(process, at + offset, data, size, NULL); }
  void read(void *data, SIZE_T size, SIZE_T offset = 0) { ReadProcessMemory(process, at + offset, data, size, NULL); }
};

static const int longest = 512;
// Text of an item whose structure has pointer and length of the text as `pszText` and `cchTextMax`.
template <class Item> static std::wstring itemText(HWND window, UINT message, WPARAM index, Item item) {
  Remote remote(window, sizeof item + longest * sizeof(wchar_t));
  item.pszText = (wchar_t *)(remote.at + sizeof item); item.cchTextMax = longest;
  remote.write(&item, sizeof item);
  send(window, message, index, (LPARAM)remote.at);
  wchar_t text[longest] = L""; remote.read(text, sizeof text, sizeof item);
  text[longest - 1] = 0;
  return text;
}
// Rectangle of an item, on the screen; empty when it has none now.
static RECT itemRect(HWND window, UINT message, WPARAM index, RECT rect = {}) {
  if (message < WM_USER) {
    // Messages of the system itself take pointers across processes.
    if (send(window, message, index, (LPARAM)&rect) == LB_ERR) return {};
  } else {
    Remote remote(window, sizeof rect);
    remote.write(&rect, sizeof rect);
    if (!send(window, message, index, (LPARAM)remote.at)) return {};
    remote.read(&rect, sizeof rect);
  }
  MapWindowPoints(window, NULL, (POINT *)&rect, 2);
  return rect;
}
static std::wstring windowText(HWND window) {
  const size_t length = send(window, WM_GETTEXTLENGTH);
  std::wstring text(length + 1, 0);
  text.resize(std::min<size_t>(length, send(window, WM_GETTEXT, length + 1, (LPARAM)text.data())));
  return text;
}
static std::wstring className(HWND window) { wchar_t name[128] = L""; GetClassNameW(window, name, 128); return name; }
static std::wstring withoutMnemonic(std::wstring text) { text.erase(std::remove(text.begin(), text.end(), L'&'), text.end()); return text; }

// ---- the tree

enum class Kind { Window, ListItem, ComboList, ComboItem, TreeItem, TabItem, Row, Cell, Header, HeaderItem };
struct Node {
  HWND window; Kind kind = Kind::Window; LPARAM index = 0; int column = 0;
  bool operator==(const Node &other) const { return window == other.window && kind == other.kind && index == other.index && column == other.column; }
};
static bool is(HWND window, const wchar_t *name) { return lstrcmpiW(className(window).c_str(), name) == 0; }
static LONG style(HWND window) { return GetWindowLongW(window, GWL_STYLE); }
static bool isDesktop(const Node &node) { return node.kind == Kind::Window && node.window == GetDesktopWindow(); }
static bool isTop(HWND window) { return GetAncestor(window, GA_ROOT) == window; }
static HWND headerOf(HWND table) { return (HWND)send(table, LVM_GETHEADER); }
static int columns(HWND table) { HWND header = headerOf(table); return header ? (int)send(header, HDM_GETITEMCOUNT) : 1; }
static bool isReport(HWND table) { return (style(table) & LVS_TYPEMASK) == LVS_REPORT; }

static void requireAlive(const Node &node) { if (!IsWindow(node.window)) fail(notAvailable); }
static void requireEnabled(const Node &node) { requireAlive(node); if (!IsWindowEnabled(node.window)) fail(notEnabled); }

static std::vector<Node> children(const Node &node) {
  requireAlive(node);
  std::vector<Node> found;
  HWND window = node.window;
  auto items = [&](Kind kind, LRESULT count) { for (LRESULT at = 0; at < count; at++) found.push_back({window, kind, at}); };
  auto branches = [&](WPARAM which, LPARAM from) {
    for (LPARAM item = send(window, TVM_GETNEXTITEM, which, from); item; item = send(window, TVM_GETNEXTITEM, TVGN_NEXT, item)) found.push_back({window, Kind::TreeItem, item});
  };
  switch (node.kind) {
    case Kind::Window:
      for (HWND child = GetWindow(window, GW_CHILD); child; child = GetWindow(child, GW_HWNDNEXT))
        if (IsWindowVisible(child) && !is(child, WC_HEADERW)) found.push_back({child});
      if (isDesktop(node)) break;
      if (is(window, WC_LISTBOXW)) items(Kind::ListItem, send(window, LB_GETCOUNT));
      else if (is(window, WC_COMBOBOXW)) found.push_back({window, Kind::ComboList});
      else if (is(window, WC_TABCONTROLW)) items(Kind::TabItem, send(window, TCM_GETITEMCOUNT));
      else if (is(window, WC_TREEVIEWW)) branches(TVGN_ROOT, 0);
      else if (is(window, WC_LISTVIEWW)) { if (isReport(window)) found.push_back({window, Kind::Header}); items(Kind::Row, send(window, LVM_GETITEMCOUNT)); }
      break;
    case Kind::ComboList: items(Kind::ComboItem, send(window, CB_GETCOUNT)); break;
    case Kind::TreeItem: branches(TVGN_CHILD, node.index); break;
    case Kind::Row: if (isReport(window)) for (int column = 0; column < columns(window); column++) found.push_back({window, Kind::Cell, node.index, column}); break;
    case Kind::Header: items(Kind::HeaderItem, columns(window)); break;
    default: break;
  }
  return found;
}

// The desktop has none.
static std::unique_ptr<Node> parent(const Node &node) {
  requireAlive(node);
  HWND window = node.window;
  auto give = [](Node found) { return std::make_unique<Node>(found); };
  switch (node.kind) {
    case Kind::Window: return isDesktop(node) ? nullptr : give({isTop(window) ? GetDesktopWindow() : GetAncestor(window, GA_PARENT)});
    case Kind::ComboItem: return give({window, Kind::ComboList});
    case Kind::TreeItem: { LPARAM above = send(window, TVM_GETNEXTITEM, TVGN_PARENT, node.index); return above ? give({window, Kind::TreeItem, above}) : give({window}); }
    case Kind::Cell: return give({window, Kind::Row, node.index});
    case Kind::HeaderItem: return give({window, Kind::Header});
    default: return give({window});
  }
}

static std::wstring cellText(HWND table, LPARAM row, int column) { LVITEMW item = {}; item.iSubItem = column; return itemText(table, LVM_GETITEMTEXTW, row, item); }
static std::wstring listText(HWND window, UINT lengthMessage, UINT message, LPARAM index) {
  const LRESULT length = send(window, lengthMessage, index);
  if (length < 0) fail(notAvailable);
  std::wstring text(length + 1, 0);
  send(window, message, index, (LPARAM)text.data());
  text.resize(length);
  return text;
}

static std::wstring name(const Node &node) {
  HWND window = node.window;
  switch (node.kind) {
    case Kind::ListItem: return listText(window, LB_GETTEXTLEN, LB_GETTEXT, node.index);
    case Kind::ComboItem: return listText(window, CB_GETLBTEXTLEN, CB_GETLBTEXT, node.index);
    case Kind::TreeItem: { TVITEMW item = {}; item.mask = TVIF_TEXT; item.hItem = (HTREEITEM)node.index; return itemText(window, TVM_GETITEMW, 0, item); }
    case Kind::TabItem: { TCITEMW item = {}; item.mask = TCIF_TEXT; return itemText(window, TCM_GETITEMW, node.index, item); }
    case Kind::Row: return cellText(window, node.index, 0);
    case Kind::Cell: return cellText(window, node.index, node.column);
    case Kind::HeaderItem: { HDITEMW item = {}; item.mask = HDI_TEXT; return itemText(headerOf(window), HDM_GETITEMW, node.index, item); }
    case Kind::Header: return L"Header Control";
    case Kind::ComboList: return L"";
    case Kind::Window: break;
  }
  if (isDesktop(node)) return L"Desktop";
  if (is(window, WC_EDITW) || is(window, WC_COMBOBOXW)) {
    // Labelled by the text before it.
    HWND before = GetWindow(window, GW_HWNDPREV);
    return before && is(before, WC_STATICW) ? withoutMnemonic(windowText(before)) : L"";
  }
  return withoutMnemonic(windowText(window));
}

static long controlType(const Node &node) {
  switch (node.kind) {
    case Kind::ListItem: case Kind::ComboItem: return UIA_ListItemControlTypeId;
    case Kind::ComboList: return UIA_ListControlTypeId;
    case Kind::TreeItem: return UIA_TreeItemControlTypeId;
    case Kind::TabItem: return UIA_TabItemControlTypeId;
    case Kind::Row: return isReport(node.window) ? UIA_DataItemControlTypeId : UIA_ListItemControlTypeId;
    case Kind::Cell: return UIA_TextControlTypeId;
    case Kind::Header: return UIA_HeaderControlTypeId;
    case Kind::HeaderItem: return UIA_HeaderItemControlTypeId;
    case Kind::Window: break;
  }
  HWND window = node.window;
  if (isDesktop(node)) return UIA_PaneControlTypeId;
  if (is(window, WC_BUTTONW)) switch (style(window) & BS_TYPEMASK) {
    case BS_CHECKBOX: case BS_AUTOCHECKBOX: case BS_3STATE: case BS_AUTO3STATE: return UIA_CheckBoxControlTypeId;
    case BS_RADIOBUTTON: case BS_AUTORADIOBUTTON: return UIA_RadioButtonControlTypeId;
    case BS_GROUPBOX: return UIA_GroupControlTypeId;
    default: return UIA_ButtonControlTypeId;
  }
  if (is(window, WC_EDITW)) return style(window) & ES_MULTILINE ? UIA_DocumentControlTypeId : UIA_EditControlTypeId;
  if (is(window, WC_STATICW)) return UIA_TextControlTypeId;
  if (is(window, WC_COMBOBOXW)) return UIA_ComboBoxControlTypeId;
  if (is(window, WC_LISTBOXW)) return UIA_ListControlTypeId;
  if (is(window, WC_LISTVIEWW)) return isReport(window) ? UIA_DataGridControlTypeId : UIA_ListControlTypeId;
  if (is(window, WC_TREEVIEWW)) return UIA_TreeControlTypeId;
  if (is(window, WC_TABCONTROLW)) return UIA_TabControlTypeId;
  if (is(window, TRACKBAR_CLASSW)) return UIA_SliderControlTypeId;
  if (is(window, PROGRESS_CLASSW)) return UIA_ProgressBarControlTypeId;
  if (is(window, STATUSCLASSNAMEW)) return UIA_StatusBarControlTypeId;
  if (is(window, L"#32768")) return UIA_MenuControlTypeId;
  return isTop(window) ? UIA_WindowControlTypeId : UIA_PaneControlTypeId;
}

static RECT rectangle(const Node &node) {
  HWND window = node.window;
  RECT rect = {};
  switch (node.kind) {
    case Kind::ListItem: return itemRect(window, LB_GETITEMRECT, node.index);
    case Kind::TabItem: return itemRect(window, TCM_GETITEMRECT, node.index);
    case Kind::TreeItem: *(LPARAM *)&rect = node.index; return itemRect(window, TVM_GETITEMRECT, TRUE, rect);
    case Kind::Row: rect.left = LVIR_BOUNDS; return itemRect(window, LVM_GETITEMRECT, node.index, rect);
    case Kind::Cell:
      if (node.column == 0) { rect.left = LVIR_LABEL; return itemRect(window, LVM_GETITEMRECT, node.index, rect); }
      rect.top = node.column; rect.left = LVIR_BOUNDS; return itemRect(window, LVM_GETSUBITEMRECT, node.index, rect);
    case Kind::Header: GetWindowRect(headerOf(window), &rect); return rect;
    case Kind::HeaderItem: return itemRect(headerOf(window), HDM_GETITEMRECT, node.index);
    case Kind::ComboList: case Kind::ComboItem: return rect;
    case Kind::Window: GetWindowRect(window, &rect); return rect;
  }
  return rect;
}
static bool isOffscreen(const Node &node) {
  if (!IsWindowVisible(node.window) || IsIconic(GetAncestor(node.window, GA_ROOT))) return true;
  RECT own = rectangle(node), frame, common;
  GetWindowRect(node.window, &frame);
  return !IntersectRect(&common, &own, &frame);
}
static HWND focused() { GUITHREADINFO info = {}; info.cbSize = sizeof info; return GetGUIThreadInfo(0, &info) && info.hwndFocus ? info.hwndFocus : GetForegroundWindow(); }
static std::vector<int> runtimeId(const Node &node) {
  std::vector<int> id = {42, (int)(INT_PTR)node.window};
  if (node.kind != Kind::Window) for (int part : {(int)node.kind, (int)node.index, (int)(node.index >> 32), node.column}) id.push_back(part);
  return id;
}

// ---- what can be done with a node, and its state

static bool isChecked(const Node &node) { return send(node.window, BM_GETCHECK) == BST_CHECKED; }
static long treeState(const Node &node, UINT mask) { return send(node.window, TVM_GETITEMSTATE, node.index, mask) & mask; }
static void tell(HWND control, int notification) { PostMessageW(GetParent(control), WM_COMMAND, MAKEWPARAM(GetDlgCtrlID(control), notification), (LPARAM)control); }
static bool hasTicks(HWND table) { return send(table, LVM_GETEXTENDEDLISTVIEWSTYLE) & LVS_EX_CHECKBOXES; }
static void setRowState(HWND table, LPARAM row, UINT state, UINT mask) {
  LVITEMW item = {}; item.state = state; item.stateMask = mask;
  Remote remote(table, sizeof item); remote.write(&item, sizeof item);
  send(table, LVM_SETITEMSTATE, row, (LPARAM)remote.at);
}
static bool takesMany(HWND window) {
  if (is(window, WC_LISTBOXW)) return style(window) & (LBS_MULTIPLESEL | LBS_EXTENDEDSEL);
  return is(window, WC_LISTVIEWW) && !(style(window) & LVS_SINGLESEL);
}

static bool supports(const Node &node, PATTERNID pattern) {
  const long type = controlType(node);
  const bool isItem = node.kind == Kind::ListItem || node.kind == Kind::ComboItem || node.kind == Kind::TreeItem || node.kind == Kind::TabItem || node.kind == Kind::Row;
  const bool isEdit = type == UIA_EditControlTypeId || type == UIA_DocumentControlTypeId;
  const bool isTable = type == UIA_DataGridControlTypeId;
  switch (pattern) {
    case UIA_InvokePatternId: return type == UIA_ButtonControlTypeId || node.kind == Kind::HeaderItem;
    case UIA_TogglePatternId: return type == UIA_CheckBoxControlTypeId || (node.kind == Kind::Row && hasTicks(node.window));
    case UIA_ValuePatternId: return isEdit || type == UIA_ComboBoxControlTypeId;
    case UIA_TextPatternId: return isEdit;
    case UIA_SelectionItemPatternId: return isItem || type == UIA_RadioButtonControlTypeId;
    case UIA_SelectionPatternId: return type == UIA_ListControlTypeId || type == UIA_TreeControlTypeId || type == UIA_TabControlTypeId || type == UIA_ComboBoxControlTypeId || isTable;
    case UIA_ExpandCollapsePatternId: return type == UIA_ComboBoxControlTypeId || node.kind == Kind::TreeItem;
    case UIA_RangeValuePatternId: return type == UIA_SliderControlTypeId || type == UIA_ProgressBarControlTypeId;
    case UIA_WindowPatternId: case UIA_TransformPatternId: return type == UIA_WindowControlTypeId;
    case UIA_GridPatternId: case UIA_TablePatternId: return isTable;
    case UIA_GridItemPatternId: case UIA_TableItemPatternId: return node.kind == Kind::Cell;
    case UIA_ScrollItemPatternId: return isItem && node.kind != Kind::TabItem && node.kind != Kind::ComboItem;
    case UIA_ScrollPatternId: return (node.kind == Kind::Window) && (style(node.window) & WS_VSCROLL) && !is(node.window, WC_COMBOBOXW);
    case UIA_LegacyIAccessiblePatternId: return true;
    default: return false;
  }
}

static std::wstring valueOf(const Node &node) {
  if (node.kind == Kind::Window && (style(node.window) & ES_PASSWORD) && is(node.window, WC_EDITW)) fail(E_ACCESSDENIED);
  return node.kind == Kind::Window ? windowText(node.window) : name(node);
}
static bool isReadOnly(const Node &node) {
  return !IsWindowEnabled(node.window) || (is(node.window, WC_EDITW) && (style(node.window) & ES_READONLY));
}
static long toggleState(const Node &node) {
  if (node.kind == Kind::Row) return ((send(node.window, LVM_GETITEMSTATE, node.index, LVIS_STATEIMAGEMASK) >> 12) == 2) ? ToggleState_On : ToggleState_Off;
  const LRESULT check = send(node.window, BM_GETCHECK);
  return check == BST_CHECKED ? ToggleState_On : check == BST_INDETERMINATE ? ToggleState_Indeterminate : ToggleState_Off;
}
static long expandState(const Node &node) {
  if (node.kind == Kind::TreeItem) {
    if (!send(node.window, TVM_GETNEXTITEM, TVGN_CHILD, node.index)) return ExpandCollapseState_LeafNode;
    return treeState(node, TVIS_EXPANDED) ? ExpandCollapseState_Expanded : ExpandCollapseState_Collapsed;
  }
  return send(node.window, CB_GETDROPPEDSTATE) ? ExpandCollapseState_Expanded : ExpandCollapseState_Collapsed;
}
static bool isSelected(const Node &node) {
  HWND window = node.window;
  switch (node.kind) {
    case Kind::ListItem: return send(window, LB_GETSEL, node.index) > 0;
    case Kind::ComboItem: return send(window, CB_GETCURSEL) == node.index;
    case Kind::TreeItem: return treeState(node, TVIS_SELECTED);
    case Kind::TabItem: return send(window, TCM_GETCURSEL) == node.index;
    case Kind::Row: return send(window, LVM_GETITEMSTATE, node.index, LVIS_SELECTED);
    default: return isChecked(node);
  }
}
enum class Choice { Only, Add, Remove };
static void choose(const Node &node, Choice choice) {
  requireEnabled(node);
  HWND window = node.window;
  if (choice != Choice::Only && !takesMany(window)) fail(invalidOperation);
  const bool isOn = choice != Choice::Remove;
  switch (node.kind) {
    case Kind::ListItem:
      if (!takesMany(window)) send(window, LB_SETCURSEL, node.index);
      else { if (choice == Choice::Only) send(window, LB_SETSEL, FALSE, -1); send(window, LB_SETSEL, isOn, node.index); }
      tell(window, LBN_SELCHANGE);
      return;
    case Kind::ComboItem: send(window, CB_SETCURSEL, node.index); tell(window, CBN_SELCHANGE); return;
    case Kind::TreeItem: send(window, TVM_SELECTITEM, TVGN_CARET, node.index); return;
    case Kind::TabItem: send(window, TCM_SETCURFOCUS, node.index); return;
    case Kind::Row:
      if (choice == Choice::Only) setRowState(window, -1, 0, LVIS_SELECTED);
      setRowState(window, node.index, isOn ? LVIS_SELECTED | LVIS_FOCUSED : 0, LVIS_SELECTED | (isOn ? LVIS_FOCUSED : 0));
      return;
    default: PostMessageW(window, BM_CLICK, 0, 0);
  }
}
static std::vector<Node> selection(const Node &node) {
  const Node from = node.kind == Kind::Window && is(node.window, WC_COMBOBOXW) ? Node{node.window, Kind::ComboList} : node;
  std::vector<Node> found;
  std::function<void(const Node &)> walk = [&](const Node &at) {
    for (const Node &child : children(at)) {
      if (child.kind == Kind::Window || child.kind == Kind::Header) continue;
      if (isSelected(child)) found.push_back(child);
      if (child.kind == Kind::TreeItem) walk(child);
    }
  };
  walk(from);
  return found;
}

static const wchar_t *typeName(long type) {
  switch (type) {
    case UIA_ButtonControlTypeId: return L"button"; case UIA_CheckBoxControlTypeId: return L"check box"; case UIA_ComboBoxControlTypeId: return L"combo box";
    case UIA_EditControlTypeId: return L"edit"; case UIA_DocumentControlTypeId: return L"document"; case UIA_ListControlTypeId: return L"list";
    case UIA_ListItemControlTypeId: return L"list item"; case UIA_MenuControlTypeId: return L"menu"; case UIA_ProgressBarControlTypeId: return L"progress bar";
    case UIA_RadioButtonControlTypeId: return L"radio button"; case UIA_SliderControlTypeId: return L"slider"; case UIA_TabControlTypeId: return L"tab";
    case UIA_TabItemControlTypeId: return L"tab item"; case UIA_TextControlTypeId: return L"text"; case UIA_TreeControlTypeId: return L"tree view";
    case UIA_TreeItemControlTypeId: return L"tree view item"; case UIA_GroupControlTypeId: return L"group"; case UIA_DataGridControlTypeId: return L"datagrid";
    case UIA_DataItemControlTypeId: return L"dataitem"; case UIA_HeaderControlTypeId: return L"header"; case UIA_HeaderItemControlTypeId: return L"header item";
    case UIA_WindowControlTypeId: return L"window"; case UIA_StatusBarControlTypeId: return L"status bar"; default: return L"pane";
  }
}

static const std::map<PROPERTYID, PATTERNID> availability = {
    {UIA_IsInvokePatternAvailablePropertyId, UIA_InvokePatternId}, {UIA_IsTogglePatternAvailablePropertyId, UIA_TogglePatternId},
    {UIA_IsValuePatternAvailablePropertyId, UIA_ValuePatternId}, {UIA_IsTextPatternAvailablePropertyId, UIA_TextPatternId},
    {UIA_IsSelectionItemPatternAvailablePropertyId, UIA_SelectionItemPatternId}, {UIA_IsSelectionPatternAvailablePropertyId, UIA_SelectionPatternId},
    {UIA_IsExpandCollapsePatternAvailablePropertyId, UIA_ExpandCollapsePatternId}, {UIA_IsRangeValuePatternAvailablePropertyId, UIA_RangeValuePatternId},
    {UIA_IsWindowPatternAvailablePropertyId, UIA_WindowPatternId}, {UIA_IsTransformPatternAvailablePropertyId, UIA_TransformPatternId},
    {UIA_IsGridPatternAvailablePropertyId, UIA_GridPatternId}, {UIA_IsTablePatternAvailablePropertyId, UIA_TablePatternId},
    {UIA_IsGridItemPatternAvailablePropertyId, UIA_GridItemPatternId}, {UIA_IsTableItemPatternAvailablePropertyId, UIA_TableItemPatternId},
    {UIA_IsScrollItemPatternAvailablePropertyId, UIA_ScrollItemPatternId}, {UIA_IsScrollPatternAvailablePropertyId, UIA_ScrollPatternId},
    {UIA_IsLegacyIAccessiblePatternAvailablePropertyId, UIA_LegacyIAccessiblePatternId},
};

static Value property(const Node &node, PROPERTYID id) {
  requireAlive(node);
  HWND window = node.window;
  const bool isWindow = node.kind == Kind::Window;
  if (auto found = availability.find(id); found != availability.end()) return Value::of(supports(node, found->second));
  switch (id) {
    case UIA_RuntimeIdPropertyId: return Value::of(runtimeId(node));
    case UIA_BoundingRectanglePropertyId: return Value::of(rectangle(node));
    case UIA_ProcessIdPropertyId: { DWORD process; GetWindowThreadProcessId(window, &process); return Value::of((long)process); }
    case UIA_ControlTypePropertyId: return Value::of(controlType(node));
    case UIA_LocalizedControlTypePropertyId: return Value::of(std::wstring(typeName(controlType(node))));
    case UIA_NamePropertyId: return Value::of(name(node));
    case UIA_HasKeyboardFocusPropertyId: return Value::of(isWindow && focused() == window);
    case UIA_IsKeyboardFocusablePropertyId: return Value::of(isWindow && (style(window) & WS_TABSTOP) && IsWindowEnabled(window));
    case UIA_IsEnabledPropertyId: return Value::of((bool)IsWindowEnabled(window));
    case UIA_AutomationIdPropertyId: { const int control = isWindow && !isTop(window) ? GetDlgCtrlID(window) : 0; return Value::of(control > 0 && control != 0xffff ? std::to_wstring(control) : std::wstring()); }
    case UIA_ClassNamePropertyId: return Value::of(isWindow ? className(window) : std::wstring());
    case UIA_IsControlElementPropertyId: case UIA_IsContentElementPropertyId: return Value::of(true);
    case UIA_IsPasswordPropertyId: return Value::of(isWindow && is(window, WC_EDITW) && (style(window) & ES_PASSWORD));
    case UIA_NativeWindowHandlePropertyId: return Value::of(isWindow ? (long)(INT_PTR)window : 0L);
    case UIA_IsOffscreenPropertyId: return Value::of(isOffscreen(node));
    case UIA_OrientationPropertyId: return Value::of((long)OrientationType_None);
    case UIA_FrameworkIdPropertyId: return Value::of(std::wstring(L"Win32"));
    case UIA_CulturePropertyId: return Value::of(1033L);
    case UIA_IsRequiredForFormPropertyId: return Value::of(false);
    case UIA_IsDataValidForFormPropertyId: return Value::of(true);
    case UIA_HelpTextPropertyId: case UIA_AcceleratorKeyPropertyId: case UIA_AccessKeyPropertyId: case UIA_ItemTypePropertyId:
    case UIA_ItemStatusPropertyId: case UIA_AriaRolePropertyId: case UIA_AriaPropertiesPropertyId: case UIA_ProviderDescriptionPropertyId:
      return Value::of(std::wstring());
    case UIA_ValueValuePropertyId: if (supports(node, UIA_ValuePatternId)) return Value::of(valueOf(node)); break;
    case UIA_LegacyIAccessibleValuePropertyId: return Value::of(supports(node, UIA_ValuePatternId) ? valueOf(node) : std::wstring());
    case UIA_LegacyIAccessibleNamePropertyId: return Value::of(name(node));
    case UIA_ValueIsReadOnlyPropertyId: if (supports(node, UIA_ValuePatternId)) return Value::of(isReadOnly(node)); break;
    case UIA_ToggleToggleStatePropertyId: if (supports(node, UIA_TogglePatternId)) return Value::of(toggleState(node)); break;
    case UIA_ExpandCollapseExpandCollapseStatePropertyId: if (supports(node, UIA_ExpandCollapsePatternId)) return Value::of(expandState(node)); break;
    case UIA_SelectionItemIsSelectedPropertyId: if (supports(node, UIA_SelectionItemPatternId)) return Value::of(isSelected(node)); break;
    case UIA_RangeValueValuePropertyId: if (supports(node, UIA_RangeValuePatternId)) return Value::of((double)send(window, is(window, PROGRESS_CLASSW) ? PBM_GETPOS : TBM_GETPOS)); break;
    default: break;
  }
  // Not supported: no value.
  return Value();
}

// ---- COM objects

template <class Interface> struct Object : Interface {
  LONG count = 1;
  virtual ~Object() = default;
  virtual bool knows(REFIID id) { return id == __uuidof(Interface); }
  HRESULT STDMETHODCALLTYPE QueryInterface(REFIID id, void **out) override {
    if (!out) return E_POINTER;
    *out = id == IID_IUnknown || knows(id) ? static_cast<Interface *>(this) : nullptr;
    if (!*out) return E_NOINTERFACE;
    this->AddRef();
    return S_OK;
  }
  ULONG STDMETHODCALLTYPE AddRef() override { return InterlockedIncrement(&count); }
  ULONG STDMETHODCALLTYPE Release() override { const ULONG left = InterlockedDecrement(&count); if (!left) delete this; return left; }
};
#define METHOD(name, ...) HRESULT STDMETHODCALLTYPE name(__VA_ARGS__) override
#define MISSING(name, ...) METHOD(name, __VA_ARGS__) { return E_NOTIMPL; }
// A getter twice: as it is now, and from the cache, which for patterns is the same here.
#define BOTH(name, type, expression) \
  METHOD(get_Current##name, type *out) { return guard([&] { requireAlive(node); *out = expression; }); } \
  METHOD(get_Cached##name, type *out) { return get_Current##name(out); }

// Conditions: none of the interfaces says how they match, only this base does.
struct Condition : Object<IUIAutomationCondition> {
  std::function<bool(const Node &)> matches;
  explicit Condition(std::function<bool(const Node &)> matches) : matches(std::move(matches)) {}
};
using Test = std::function<bool(const Node &)>;
static HRESULT giveCondition(Test test, IUIAutomationCondition **out) { *out = new Condition(std::move(test)); return S_OK; }
static Test testOf(IUIAutomationCondition *condition) { if (!condition) fail(E_INVALIDARG); return static_cast<Condition *>(condition)->matches; }

static bool matchesValue(const Node &node, PROPERTYID id, const Value &wanted, int flags) {
  const Value is = property(node, id);
  if (is.vt == VT_BSTR && wanted.vt == VT_BSTR) {
    std::wstring left(is.bstrVal ? is.bstrVal : L""), right(wanted.bstrVal ? wanted.bstrVal : L"");
    if (flags & PropertyConditionFlags_IgnoreCase) { CharLowerW(left.data()); CharLowerW(right.data()); }
    return flags & /* PropertyConditionFlags_MatchSubstring, which these headers lack */ 2 ? left.find(right) != std::wstring::npos : left == right;
  }
  if (is.vt != wanted.vt) return false;
  if (is.vt == VT_BOOL) return !is.boolVal == !wanted.boolVal;
  if (is.vt == VT_R8) return is.dblVal == wanted.dblVal;
  return is.vt == VT_I4 && is.lVal == wanted.lVal;
}

struct Request : Object<IUIAutomationCacheRequest> {
  std::vector<PROPERTYID> properties; std::vector<PATTERNID> patterns; TreeScope scope = TreeScope_Element; AutomationElementMode mode = AutomationElementMode_Full;
  METHOD(AddProperty, PROPERTYID id) { properties.push_back(id); return S_OK; }
  METHOD(AddPattern, PATTERNID id) { patterns.push_back(id); return S_OK; }
  METHOD(Clone, IUIAutomationCacheRequest **out) { auto copy = new Request(*this); copy->count = 1; *out = copy; return S_OK; }
  METHOD(get_TreeScope, TreeScope *out) { *out = scope; return S_OK; }
  METHOD(put_TreeScope, TreeScope value) { if (value & (TreeScope_Parent | TreeScope_Ancestors)) return E_INVALIDARG; scope = value; return S_OK; }
  METHOD(get_TreeFilter, IUIAutomationCondition **out) { return giveCondition([](const Node &) { return true; }, out); }
  METHOD(put_TreeFilter, IUIAutomationCondition *) { return S_OK; }
  METHOD(get_AutomationElementMode, AutomationElementMode *out) { *out = mode; return S_OK; }
  METHOD(put_AutomationElementMode, AutomationElementMode value) { mode = value; return S_OK; }
};

struct Cache { std::map<PROPERTYID, Value> values; std::vector<PATTERNID> patterns; bool hasChildren = false; std::vector<IUIAutomationElement *> children;
  ~Cache() { for (auto child : children) child->Release(); } };

static IUIAutomationElement *element(const Node &node, IUIAutomationCacheRequest *request = nullptr);
static HRESULT pattern(const Node &node, PATTERNID id, REFIID iid, void **out);

struct Elements : Object<IUIAutomationElementArray> {
  std::vector<IUIAutomationElement *> list;
  ~Elements() override { for (auto one : list) one->Release(); }
  METHOD(get_Length, int *out) { *out = list.size(); return S_OK; }
  METHOD(GetElement, int index, IUIAutomationElement **out) {
    *out = nullptr;
    if (index < 0 || index >= (int)list.size()) return E_INVALIDARG;
    (*out = list[index])->AddRef();
    return S_OK;
  }
};
static IUIAutomationElementArray *elements(const std::vector<Node> &nodes, IUIAutomationCacheRequest *request = nullptr) {
  auto array = new Elements;
  for (const Node &node : nodes) array->list.push_back(element(node, request));
  return array;
}

// Depth first, as UI Automation does; `found` says whether to go on.
static bool walk(const Node &node, int scope, const Test &test, const std::function<bool(const Node &)> &found) {
  if ((scope & TreeScope_Element) && test(node) && !found(node)) return false;
  if (!(scope & (TreeScope_Children | TreeScope_Descendants))) return true;
  const int below = TreeScope_Element | (scope & TreeScope_Descendants);
  std::vector<Node> list;
  // What goes while the desktop is searched is no failure of the search.
  try { list = children(node); } catch (const Failure &) { if (!isDesktop(node) && (scope & TreeScope_Element) == 0) throw; }
  for (const Node &child : list) {
    bool goesOn = true;
    try { goesOn = walk(child, below, test, found); } catch (const Failure &failure) { if (failure.result != notAvailable) throw; }
    if (!goesOn) return false;
  }
  return true;
}

#define TEXT_PROPERTY(name, id) \
  METHOD(get_Current##name, BSTR *out) { return guard([&] { *out = text(property(node, id)); }); } \
  METHOD(get_Cached##name, BSTR *out) { return guard([&] { *out = text(cached(id)); }); }
#define BOOL_PROPERTY(name, id) \
  METHOD(get_Current##name, WINBOOL *out) { return guard([&] { *out = property(node, id).boolVal != 0; }); } \
  METHOD(get_Cached##name, WINBOOL *out) { return guard([&] { *out = cached(id).boolVal != 0; }); }
#define LONG_PROPERTY(name, type, id) \
  METHOD(get_Current##name, type *out) { return guard([&] { *out = (type)(INT_PTR)property(node, id).lVal; }); } \
  METHOD(get_Cached##name, type *out) { return guard([&] { *out = (type)(INT_PTR)cached(id).lVal; }); }
#define NO_ELEMENT(name, type) \
  METHOD(get_Current##name, type **out) { *out = nullptr; return S_OK; } \
  METHOD(get_Cached##name, type **out) { *out = nullptr; return S_OK; }

struct Element : Object<IUIAutomationElement> {
  Node node; std::shared_ptr<Cache> cache;
  explicit Element(const Node &node) : node(node) {}
  const Value &cached(PROPERTYID id) const {
    if (!cache) fail(E_INVALIDARG);
    auto found = cache->values.find(id);
    if (found == cache->values.end()) fail(E_INVALIDARG);
    return found->second;
  }
  static BSTR text(const Value &value) { return SysAllocString(value.vt == VT_BSTR && value.bstrVal ? value.bstrVal : L""); }

  METHOD(SetFocus) {
    return guard([&] {
      requireEnabled(node);
      SetForegroundWindow(GetAncestor(node.window, GA_ROOT));
      const DWORD theirs = GetWindowThreadProcessId(node.window, NULL), own = GetCurrentThreadId();
      AttachThreadInput(own, theirs, TRUE);
      ::SetFocus(node.window);
      AttachThreadInput(own, theirs, FALSE);
    });
  }
  METHOD(GetRuntimeId, SAFEARRAY **out) { return guard([&] { requireAlive(node); Value id = property(node, UIA_RuntimeIdPropertyId); *out = id.parray; id.vt = VT_EMPTY; }); }
  METHOD(FindFirst, TreeScope scope, IUIAutomationCondition *condition, IUIAutomationElement **found) { return FindFirstBuildCache(scope, condition, nullptr, found); }
  METHOD(FindAll, TreeScope scope, IUIAutomationCondition *condition, IUIAutomationElementArray **found) { return FindAllBuildCache(scope, condition, nullptr, found); }
  METHOD(FindFirstBuildCache, TreeScope scope, IUIAutomationCondition *condition, IUIAutomationCacheRequest *request, IUIAutomationElement **found) {
    *found = nullptr;
    return guard([&] { requireAlive(node); walk(node, scope, testOf(condition), [&](const Node &one) { *found = element(one, request); return false; }); });
  }
  METHOD(FindAllBuildCache, TreeScope scope, IUIAutomationCondition *condition, IUIAutomationCacheRequest *request, IUIAutomationElementArray **found) {
    *found = nullptr;
    return guard([&] {
      requireAlive(node);
      std::vector<Node> all;
      walk(node, scope, testOf(condition), [&](const Node &one) { all.push_back(one); return true; });
      *found = elements(all, request);
    });
  }
  METHOD(BuildUpdatedCache, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { *out = nullptr; return guard([&] { requireAlive(node); *out = element(node, request); }); }
  METHOD(GetCurrentPropertyValue, PROPERTYID id, VARIANT *out) { return GetCurrentPropertyValueEx(id, FALSE, out); }
  METHOD(GetCurrentPropertyValueEx, PROPERTYID id, WINBOOL, VARIANT *out) { VariantInit(out); return guard([&] { const Value value = property(node, id); copy(out, value); }); }
  METHOD(GetCachedPropertyValue, PROPERTYID id, VARIANT *out) { return GetCachedPropertyValueEx(id, FALSE, out); }
  METHOD(GetCachedPropertyValueEx, PROPERTYID id, WINBOOL, VARIANT *out) { VariantInit(out); return guard([&] { copy(out, cached(id)); }); }
  METHOD(GetCurrentPatternAs, PATTERNID id, REFIID iid, void **out) { *out = nullptr; return pattern(node, id, iid, out); }
  METHOD(GetCurrentPattern, PATTERNID id, IUnknown **out) { *out = nullptr; return pattern(node, id, IID_IUnknown, (void **)out); }
  METHOD(GetCachedPatternAs, PATTERNID id, REFIID iid, void **out) {
    *out = nullptr;
    if (!cache || std::find(cache->patterns.begin(), cache->patterns.end(), id) == cache->patterns.end()) return E_INVALIDARG;
    return pattern(node, id, iid, out);
  }
  METHOD(GetCachedPattern, PATTERNID id, IUnknown **out) { return GetCachedPatternAs(id, IID_IUnknown, (void **)out); }
  METHOD(GetCachedParent, IUIAutomationElement **out) { *out = nullptr; return E_INVALIDARG; }
  METHOD(GetCachedChildren, IUIAutomationElementArray **out) {
    *out = nullptr;
    if (!cache || !cache->hasChildren) return E_INVALIDARG;
    // As documented: no array when there are none.
    if (cache->children.empty()) return S_OK;
    auto array = new Elements;
    for (auto child : cache->children) { child->AddRef(); array->list.push_back(child); }
    *out = array;
    return S_OK;
  }
  LONG_PROPERTY(ProcessId, int, UIA_ProcessIdPropertyId)
  LONG_PROPERTY(ControlType, CONTROLTYPEID, UIA_ControlTypePropertyId)
  TEXT_PROPERTY(LocalizedControlType, UIA_LocalizedControlTypePropertyId)
  TEXT_PROPERTY(Name, UIA_NamePropertyId)
  TEXT_PROPERTY(AcceleratorKey, UIA_AcceleratorKeyPropertyId)
  TEXT_PROPERTY(AccessKey, UIA_AccessKeyPropertyId)
  BOOL_PROPERTY(HasKeyboardFocus, UIA_HasKeyboardFocusPropertyId)
  BOOL_PROPERTY(IsKeyboardFocusable, UIA_IsKeyboardFocusablePropertyId)
  BOOL_PROPERTY(IsEnabled, UIA_IsEnabledPropertyId)
  TEXT_PROPERTY(AutomationId, UIA_AutomationIdPropertyId)
  TEXT_PROPERTY(ClassName, UIA_ClassNamePropertyId)
  TEXT_PROPERTY(HelpText, UIA_HelpTextPropertyId)
  LONG_PROPERTY(Culture, int, UIA_CulturePropertyId)
  BOOL_PROPERTY(IsControlElement, UIA_IsControlElementPropertyId)
  BOOL_PROPERTY(IsContentElement, UIA_IsContentElementPropertyId)
  BOOL_PROPERTY(IsPassword, UIA_IsPasswordPropertyId)
  LONG_PROPERTY(NativeWindowHandle, UIA_HWND, UIA_NativeWindowHandlePropertyId)
  TEXT_PROPERTY(ItemType, UIA_ItemTypePropertyId)
  BOOL_PROPERTY(IsOffscreen, UIA_IsOffscreenPropertyId)
  LONG_PROPERTY(Orientation, OrientationType, UIA_OrientationPropertyId)
  TEXT_PROPERTY(FrameworkId, UIA_FrameworkIdPropertyId)
  BOOL_PROPERTY(IsRequiredForForm, UIA_IsRequiredForFormPropertyId)
  TEXT_PROPERTY(ItemStatus, UIA_ItemStatusPropertyId)
  METHOD(get_CurrentBoundingRectangle, RECT *out) { return guard([&] { requireAlive(node); *out = rectangle(node); }); }
  METHOD(get_CachedBoundingRectangle, RECT *out) {
    return guard([&] {
      double part[4];
      for (LONG at = 0; at < 4; at++) SafeArrayGetElement(cached(UIA_BoundingRectanglePropertyId).parray, &at, &part[at]);
      *out = {(LONG)part[0], (LONG)part[1], (LONG)(part[0] + part[2]), (LONG)(part[1] + part[3])};
    });
  }
  NO_ELEMENT(LabeledBy, IUIAutomationElement)
  TEXT_PROPERTY(AriaRole, UIA_AriaRolePropertyId)
  TEXT_PROPERTY(AriaProperties, UIA_AriaPropertiesPropertyId)
  BOOL_PROPERTY(IsDataValidForForm, UIA_IsDataValidForFormPropertyId)
  NO_ELEMENT(ControllerFor, IUIAutomationElementArray)
  NO_ELEMENT(DescribedBy, IUIAutomationElementArray)
  NO_ELEMENT(FlowsTo, IUIAutomationElementArray)
  TEXT_PROPERTY(ProviderDescription, UIA_ProviderDescriptionPropertyId)
  METHOD(GetClickablePoint, POINT *point, WINBOOL *got) {
    *got = FALSE;
    return guard([&] {
      requireAlive(node);
      if (isOffscreen(node)) return;
      const RECT rect = rectangle(node);
      *point = {(rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2};
      *got = TRUE;
    });
  }
};

static IUIAutomationElement *element(const Node &node, IUIAutomationCacheRequest *request) {
  auto made = new Element(node);
  if (!request) return made;
  auto wanted = static_cast<Request *>(request);
  made->cache = std::make_shared<Cache>();
  made->cache->patterns = wanted->patterns;
  try {
    for (PROPERTYID id : wanted->properties) {
      Value value;
      // A value that is refused is not there; everything else ends the call.
      try { value = property(node, id); } catch (const Failure &failure) { if (failure.result != E_ACCESSDENIED) throw; }
      made->cache->values[id] = value;
    }
    if (wanted->scope & (TreeScope_Children | TreeScope_Descendants)) {
      made->cache->hasChildren = true;
      Request *below = new Request(*wanted);
      below->count = 1;
      if (!(wanted->scope & TreeScope_Descendants)) below->scope = TreeScope_Element;
      for (const Node &child : children(node)) made->cache->children.push_back(element(child, below));
      below->Release();
    }
  } catch (...) { made->Release(); throw; }
  return made;
}
static Node nodeOf(IUIAutomationElement *from) { if (!from) fail(E_INVALIDARG); return static_cast<Element *>(from)->node; }

// ---- patterns

template <class Interface> struct Pattern : Object<Interface> { Node node; explicit Pattern(const Node &node) : node(node) {} };

struct InvokePattern : Pattern<IUIAutomationInvokePattern> { using Pattern::Pattern;
  METHOD(Invoke) { return guard([&] { requireEnabled(node); PostMessageW(node.window, BM_CLICK, 0, 0); }); } };
struct ValuePattern : Pattern<IUIAutomationValuePattern> { using Pattern::Pattern;
  METHOD(SetValue, BSTR text) {
    return guard([&] {
      requireEnabled(node);
      if (is(node.window, WC_EDITW) && (style(node.window) & ES_READONLY)) fail(invalidOperation);
      if (is(node.window, WC_COMBOBOXW) && (style(node.window) & 3) == CBS_DROPDOWNLIST) {
        const LRESULT at = send(node.window, CB_FINDSTRINGEXACT, -1, (LPARAM)text);
        if (at < 0) fail(E_INVALIDARG);
        choose({node.window, Kind::ComboItem, at}, Choice::Only);
      } else send(node.window, WM_SETTEXT, 0, (LPARAM)text);
    });
  }
  METHOD(get_CurrentValue, BSTR *out) { return guard([&] { requireAlive(node); *out = SysAllocString(valueOf(node).c_str()); }); }
  METHOD(get_CachedValue, BSTR *out) { return get_CurrentValue(out); }
  BOTH(IsReadOnly, WINBOOL, isReadOnly(node)) };
struct TogglePattern : Pattern<IUIAutomationTogglePattern> { using Pattern::Pattern;
  METHOD(Toggle) {
    return guard([&] {
      requireEnabled(node);
      if (node.kind == Kind::Row) setRowState(node.window, node.index, toggleState(node) == ToggleState_On ? 0x1000 : 0x2000, LVIS_STATEIMAGEMASK);
      else send(node.window, BM_CLICK);
    });
  }
  BOTH(ToggleState, ToggleState, (ToggleState)toggleState(node)) };
struct SelectionItemPattern : Pattern<IUIAutomationSelectionItemPattern> { using Pattern::Pattern;
  METHOD(Select) { return guard([&] { choose(node, Choice::Only); }); }
  METHOD(AddToSelection) { return guard([&] { choose(node, Choice::Add); }); }
  METHOD(RemoveFromSelection) { return guard([&] { choose(node, Choice::Remove); }); }
  BOTH(IsSelected, WINBOOL, isSelected(node))
  BOTH(SelectionContainer, IUIAutomationElement *, element({node.kind == Kind::Window ? GetParent(node.window) : node.window})) };
struct SelectionPattern : Pattern<IUIAutomationSelectionPattern> { using Pattern::Pattern;
  METHOD(GetCurrentSelection, IUIAutomationElementArray **out) { *out = nullptr; return guard([&] { *out = elements(selection(node)); }); }
  METHOD(GetCachedSelection, IUIAutomationElementArray **out) { return GetCurrentSelection(out); }
  BOTH(CanSelectMultiple, WINBOOL, takesMany(node.window))
  BOTH(IsSelectionRequired, WINBOOL, is(node.window, WC_TABCONTROLW)) };
struct ExpandCollapsePattern : Pattern<IUIAutomationExpandCollapsePattern> { using Pattern::Pattern;
  HRESULT set(bool isOpen) {
    return guard([&] {
      requireEnabled(node);
      if (node.kind != Kind::TreeItem) { send(node.window, CB_SHOWDROPDOWN, isOpen); return; }
      if (expandState(node) == ExpandCollapseState_LeafNode) fail(invalidOperation);
      send(node.window, TVM_EXPAND, isOpen ? TVE_EXPAND : TVE_COLLAPSE, node.index);
    });
  }
  METHOD(Expand) { return set(true); }
  METHOD(Collapse) { return set(false); }
  BOTH(ExpandCollapseState, ExpandCollapseState, (ExpandCollapseState)expandState(node)) };
struct RangeValuePattern : Pattern<IUIAutomationRangeValuePattern> { using Pattern::Pattern;
  bool isProgress() const { return is(node.window, PROGRESS_CLASSW); }
  double limit(bool isHigh) const { return isProgress() ? send(node.window, PBM_GETRANGE, !isHigh) : send(node.window, isHigh ? TBM_GETRANGEMAX : TBM_GETRANGEMIN); }
  METHOD(SetValue, double value) {
    return guard([&] {
      requireEnabled(node);
      if (isProgress()) fail(invalidOperation);
      if (value < limit(false) || value > limit(true)) fail(E_INVALIDARG);
      send(node.window, TBM_SETPOS, TRUE, (LPARAM)value);
      send(GetParent(node.window), WM_HSCROLL, MAKEWPARAM(TB_ENDTRACK, 0), (LPARAM)node.window);
    });
  }
  BOTH(Value, double, send(node.window, isProgress() ? PBM_GETPOS : TBM_GETPOS))
  BOTH(IsReadOnly, WINBOOL, isProgress())
  BOTH(Maximum, double, limit(true))
  BOTH(Minimum, double, limit(false))
  BOTH(LargeChange, double, isProgress() ? 0 : send(node.window, TBM_GETPAGESIZE))
  BOTH(SmallChange, double, isProgress() ? 0 : send(node.window, TBM_GETLINESIZE)) };
struct WindowPattern : Pattern<IUIAutomationWindowPattern> { using Pattern::Pattern;
  METHOD(Close) { return guard([&] { requireAlive(node); PostMessageW(node.window, WM_CLOSE, 0, 0); }); }
  METHOD(WaitForInputIdle, int, WINBOOL *out) { *out = TRUE; return S_OK; }
  METHOD(SetWindowVisualState, WindowVisualState state) {
    return guard([&] { requireEnabled(node); ShowWindow(node.window, state == WindowVisualState_Maximized ? SW_MAXIMIZE : state == WindowVisualState_Minimized ? SW_MINIMIZE : SW_RESTORE); });
  }
  BOTH(CanMaximize, WINBOOL, (style(node.window) & WS_MAXIMIZEBOX) != 0)
  BOTH(CanMinimize, WINBOOL, (style(node.window) & WS_MINIMIZEBOX) != 0)
  BOTH(IsModal, WINBOOL, GetWindow(node.window, GW_OWNER) && !IsWindowEnabled(GetWindow(node.window, GW_OWNER)))
  BOTH(IsTopmost, WINBOOL, (GetWindowLongW(node.window, GWL_EXSTYLE) & WS_EX_TOPMOST) != 0)
  BOTH(WindowVisualState, WindowVisualState, IsZoomed(node.window) ? WindowVisualState_Maximized : IsIconic(node.window) ? WindowVisualState_Minimized : WindowVisualState_Normal)
  BOTH(WindowInteractionState, WindowInteractionState, IsWindowEnabled(node.window) ? WindowInteractionState_ReadyForUserInteraction : WindowInteractionState_BlockedByModalWindow) };
struct TransformPattern : Pattern<IUIAutomationTransformPattern> { using Pattern::Pattern;
  METHOD(Move, double x, double y) { return guard([&] { requireEnabled(node); SetWindowPos(node.window, NULL, (int)x, (int)y, 0, 0, SWP_NOSIZE | SWP_NOZORDER | SWP_NOACTIVATE); }); }
  METHOD(Resize, double width, double height) {
    return guard([&] { requireEnabled(node); if (!(style(node.window) & WS_THICKFRAME)) fail(invalidOperation); SetWindowPos(node.window, NULL, 0, 0, (int)width, (int)height, SWP_NOMOVE | SWP_NOZORDER | SWP_NOACTIVATE); });
  }
  METHOD(Rotate, double) { return invalidOperation; }
  BOTH(CanMove, WINBOOL, TRUE)
  BOTH(CanResize, WINBOOL, (style(node.window) & WS_THICKFRAME) != 0)
  BOTH(CanRotate, WINBOOL, FALSE) };
struct GridPattern : Pattern<IUIAutomationGridPattern> { using Pattern::Pattern;
  METHOD(GetItem, int row, int column, IUIAutomationElement **out) {
    *out = nullptr;
    return guard([&] {
      requireAlive(node);
      if (row < 0 || column < 0 || row >= send(node.window, LVM_GETITEMCOUNT) || column >= columns(node.window)) fail(E_INVALIDARG);
      *out = element({node.window, Kind::Cell, row, column});
    });
  }
  BOTH(RowCount, int, (int)send(node.window, LVM_GETITEMCOUNT))
  BOTH(ColumnCount, int, columns(node.window)) };
struct GridItemPattern : Pattern<IUIAutomationGridItemPattern> { using Pattern::Pattern;
  BOTH(ContainingGrid, IUIAutomationElement *, element({node.window}))
  BOTH(Row, int, (int)node.index)
  BOTH(Column, int, node.column)
  BOTH(RowSpan, int, 1)
  BOTH(ColumnSpan, int, 1) };
struct TablePattern : Pattern<IUIAutomationTablePattern> { using Pattern::Pattern;
  METHOD(GetCurrentRowHeaders, IUIAutomationElementArray **out) { *out = elements({}); return S_OK; }
  METHOD(GetCurrentColumnHeaders, IUIAutomationElementArray **out) { *out = nullptr; return guard([&] { *out = elements(children({node.window, Kind::Header})); }); }
  METHOD(GetCachedRowHeaders, IUIAutomationElementArray **out) { return GetCurrentRowHeaders(out); }
  METHOD(GetCachedColumnHeaders, IUIAutomationElementArray **out) { return GetCurrentColumnHeaders(out); }
  BOTH(RowOrColumnMajor, RowOrColumnMajor, RowOrColumnMajor_RowMajor) };
struct TableItemPattern : Pattern<IUIAutomationTableItemPattern> { using Pattern::Pattern;
  METHOD(GetCurrentRowHeaderItems, IUIAutomationElementArray **out) { *out = elements({}); return S_OK; }
  METHOD(GetCurrentColumnHeaderItems, IUIAutomationElementArray **out) { *out = elements({{node.window, Kind::HeaderItem, node.column}}); return S_OK; }
  METHOD(GetCachedRowHeaderItems, IUIAutomationElementArray **out) { return GetCurrentRowHeaderItems(out); }
  METHOD(GetCachedColumnHeaderItems, IUIAutomationElementArray **out) { return GetCurrentColumnHeaderItems(out); } };
struct ScrollItemPattern : Pattern<IUIAutomationScrollItemPattern> { using Pattern::Pattern;
  METHOD(ScrollIntoView) {
    return guard([&] {
      requireAlive(node);
      if (node.kind == Kind::ListItem) send(node.window, LB_SETTOPINDEX, node.index);
      else if (node.kind == Kind::TreeItem) send(node.window, TVM_ENSUREVISIBLE, 0, node.index);
      else send(node.window, LVM_ENSUREVISIBLE, node.index, FALSE);
    });
  } };
struct ScrollPattern : Pattern<IUIAutomationScrollPattern> { using Pattern::Pattern;
  SCROLLINFO info() const { SCROLLINFO found = {}; found.cbSize = sizeof found; found.fMask = SIF_ALL; GetScrollInfo(node.window, SB_VERT, &found); return found; }
  bool scrolls() const { const SCROLLINFO at = info(); return at.nMax - at.nMin >= (int)at.nPage && at.nMax > at.nMin; }
  METHOD(Scroll, ScrollAmount, ScrollAmount amount) {
    return guard([&] {
      requireEnabled(node);
      const int lines[] = {SB_PAGEUP, SB_LINEUP, -1, SB_PAGEDOWN, SB_LINEDOWN};
      if (amount >= 0 && amount < 5 && lines[amount] >= 0) send(node.window, WM_VSCROLL, lines[amount]);
    });
  }
  METHOD(SetScrollPercent, double, double percent) {
    return guard([&] {
      requireEnabled(node);
      if (percent != -1 && (percent < 0 || percent > 100)) fail(E_INVALIDARG);
      const SCROLLINFO at = info();
      if (percent >= 0) send(node.window, WM_VSCROLL, MAKEWPARAM(SB_THUMBPOSITION, at.nMin + (int)((at.nMax - at.nMin - (int)at.nPage + 1) * percent / 100)));
    });
  }
  double place() const { const SCROLLINFO at = info(); const int range = at.nMax - at.nMin - (int)at.nPage + 1; return scrolls() ? (at.nPos - at.nMin) * 100.0 / range : -1; }
  double view() const { const SCROLLINFO at = info(); return scrolls() ? at.nPage * 100.0 / (at.nMax - at.nMin + 1) : 100; }
  BOTH(HorizontalScrollPercent, double, -1)
  BOTH(VerticalScrollPercent, double, place())
  BOTH(HorizontalViewSize, double, 100)
  BOTH(VerticalViewSize, double, view())
  BOTH(HorizontallyScrollable, WINBOOL, FALSE)
  BOTH(VerticallyScrollable, WINBOOL, scrolls()) };

struct LegacyPattern : Pattern<IUIAutomationLegacyIAccessiblePattern> { using Pattern::Pattern;
  static BSTR give(const std::wstring &text) { return SysAllocString(text.c_str()); }
  DWORD role() const {
    switch (controlType(node)) {
      case UIA_ButtonControlTypeId: return ROLE_SYSTEM_PUSHBUTTON; case UIA_CheckBoxControlTypeId: return ROLE_SYSTEM_CHECKBUTTON; case UIA_RadioButtonControlTypeId: return ROLE_SYSTEM_RADIOBUTTON;
      case UIA_EditControlTypeId: case UIA_DocumentControlTypeId: return ROLE_SYSTEM_TEXT; case UIA_TextControlTypeId: return ROLE_SYSTEM_STATICTEXT; case UIA_ListItemControlTypeId: return ROLE_SYSTEM_LISTITEM;
      case UIA_ListControlTypeId: case UIA_DataGridControlTypeId: return ROLE_SYSTEM_LIST; case UIA_ComboBoxControlTypeId: return ROLE_SYSTEM_COMBOBOX; case UIA_TreeItemControlTypeId: return ROLE_SYSTEM_OUTLINEITEM;
      case UIA_TabItemControlTypeId: return ROLE_SYSTEM_PAGETAB; case UIA_WindowControlTypeId: return ROLE_SYSTEM_WINDOW; default: return ROLE_SYSTEM_CLIENT;
    }
  }
  DWORD state() const {
    DWORD found = 0;
    if (!IsWindowEnabled(node.window)) found |= STATE_SYSTEM_UNAVAILABLE;
    if (isOffscreen(node)) found |= STATE_SYSTEM_OFFSCREEN;
    if (supports(node, UIA_TogglePatternId) && toggleState(node) == ToggleState_On) found |= STATE_SYSTEM_CHECKED;
    if (supports(node, UIA_SelectionItemPatternId) && isSelected(node)) found |= node.kind == Kind::Window ? STATE_SYSTEM_CHECKED : STATE_SYSTEM_SELECTED;
    if (node.kind == Kind::Window && focused() == node.window) found |= STATE_SYSTEM_FOCUSED;
    return found;
  }
  METHOD(Select, LONG flags) { return guard([&] { if (flags & SELFLAG_TAKESELECTION) choose(node, Choice::Only); else if (flags & SELFLAG_ADDSELECTION) choose(node, Choice::Add); }); }
  METHOD(DoDefaultAction) {
    return guard([&] {
      requireEnabled(node);
      if (node.kind != Kind::Window) choose(node, Choice::Only);
      else if (is(node.window, WC_BUTTONW)) PostMessageW(node.window, BM_CLICK, 0, 0);
      else fail(invalidOperation);
    });
  }
  METHOD(SetValue, LPCWSTR text) { return guard([&] { requireEnabled(node); if (!supports(node, UIA_ValuePatternId)) fail(invalidOperation); send(node.window, WM_SETTEXT, 0, (LPARAM)text); }); }
  BOTH(ChildId, int, node.kind == Kind::Window ? 0 : (int)node.index + 1)
  BOTH(Name, BSTR, give(name(node)))
  BOTH(Value, BSTR, give(supports(node, UIA_ValuePatternId) ? valueOf(node) : std::wstring()))
  BOTH(Description, BSTR, give(L""))
  BOTH(Role, DWORD, role())
  BOTH(State, DWORD, state())
  BOTH(Help, BSTR, give(L""))
  BOTH(KeyboardShortcut, BSTR, give(L""))
  METHOD(GetCurrentSelection, IUIAutomationElementArray **out) { *out = nullptr; return guard([&] { *out = elements(supports(node, UIA_SelectionPatternId) ? selection(node) : std::vector<Node>()); }); }
  METHOD(GetCachedSelection, IUIAutomationElementArray **out) { return GetCurrentSelection(out); }
  BOTH(DefaultAction, BSTR, give(is(node.window, WC_BUTTONW) ? L"Press" : L""))
  MISSING(GetIAccessible, IAccessible **) };

// A range of the text of an edit control, by positions in its text.
struct TextRange : Pattern<IUIAutomationTextRange> {
  int from, to;
  TextRange(const Node &node, int from, int to) : Pattern(node), from(from), to(to) {}
  std::wstring all() const { return valueOf(node); }
  METHOD(Clone, IUIAutomationTextRange **out) { *out = new TextRange(node, from, to); return S_OK; }
  METHOD(Compare, IUIAutomationTextRange *range, WINBOOL *out) { auto other = static_cast<TextRange *>(range); *out = other->from == from && other->to == to; return S_OK; }
  METHOD(CompareEndpoints, TextPatternRangeEndpoint which, IUIAutomationTextRange *range, TextPatternRangeEndpoint target, int *out) {
    auto other = static_cast<TextRange *>(range);
    *out = (which == TextPatternRangeEndpoint_Start ? from : to) - (target == TextPatternRangeEndpoint_Start ? other->from : other->to);
    return S_OK;
  }
  METHOD(ExpandToEnclosingUnit, TextUnit unit) { return guard([&] { if (unit == TextUnit_Document) { from = 0; to = all().size(); } else if (unit == TextUnit_Character) to = from + 1; else fail(E_NOTIMPL); }); }
  MISSING(FindAttribute, TEXTATTRIBUTEID, VARIANT, WINBOOL, IUIAutomationTextRange **)
  METHOD(FindText, BSTR text, WINBOOL backward, WINBOOL, IUIAutomationTextRange **out) {
    *out = nullptr;
    return guard([&] {
      const std::wstring part = all().substr(from, to - from);
      const size_t at = backward ? part.rfind(text) : part.find(text);
      if (at != std::wstring::npos) *out = new TextRange(node, from + at, from + at + SysStringLen(text));
    });
  }
  MISSING(GetAttributeValue, TEXTATTRIBUTEID, VARIANT *)
  METHOD(GetBoundingRectangles, SAFEARRAY **out) { return guard([&] { Value value = Value::of(rectangle(node)); *out = value.parray; value.vt = VT_EMPTY; }); }
  METHOD(GetEnclosingElement, IUIAutomationElement **out) { *out = element(node); return S_OK; }
  METHOD(GetText, int longestText, BSTR *out) {
    return guard([&] { std::wstring part = all().substr(from, to - from); if (longestText >= 0) part = part.substr(0, longestText); *out = SysAllocString(part.c_str()); });
  }
  MISSING(Move, TextUnit, int, int *)
  MISSING(MoveEndpointByUnit, TextPatternRangeEndpoint, TextUnit, int, int *)
  MISSING(MoveEndpointByRange, TextPatternRangeEndpoint, IUIAutomationTextRange *, TextPatternRangeEndpoint)
  METHOD(Select) { return guard([&] { requireEnabled(node); send(node.window, EM_SETSEL, from, to); }); }
  MISSING(AddToSelection)
  MISSING(RemoveFromSelection)
  METHOD(ScrollIntoView, WINBOOL) { return guard([&] { send(node.window, EM_SCROLLCARET); }); }
  METHOD(GetChildren, IUIAutomationElementArray **out) { *out = elements({}); return S_OK; }
};
struct TextRanges : Object<IUIAutomationTextRangeArray> {
  std::vector<IUIAutomationTextRange *> list;
  ~TextRanges() override { for (auto one : list) one->Release(); }
  METHOD(get_Length, int *out) { *out = list.size(); return S_OK; }
  METHOD(GetElement, int index, IUIAutomationTextRange **out) { *out = nullptr; if (index < 0 || index >= (int)list.size()) return E_INVALIDARG; (*out = list[index])->AddRef(); return S_OK; }
};
struct TextPattern : Pattern<IUIAutomationTextPattern> { using Pattern::Pattern;
  TextRange *whole() const { return new TextRange(node, 0, valueOf(node).size()); }
  METHOD(RangeFromPoint, POINT, IUIAutomationTextRange **out) { *out = nullptr; return guard([&] { *out = whole(); }); }
  METHOD(RangeFromChild, IUIAutomationElement *, IUIAutomationTextRange **out) { *out = nullptr; return E_INVALIDARG; }
  METHOD(GetSelection, IUIAutomationTextRangeArray **out) {
    *out = nullptr;
    return guard([&] {
      const LRESULT both = send(node.window, EM_GETSEL, 0, 0);
      auto array = new TextRanges;
      array->list.push_back(new TextRange(node, LOWORD(both), HIWORD(both)));
      *out = array;
    });
  }
  METHOD(GetVisibleRanges, IUIAutomationTextRangeArray **out) { *out = nullptr; return guard([&] { auto range = whole(); auto array = new TextRanges; array->list.push_back(range); *out = array; }); }
  METHOD(get_DocumentRange, IUIAutomationTextRange **out) { *out = nullptr; return guard([&] { requireAlive(node); *out = whole(); }); }
  METHOD(get_SupportedTextSelection, SupportedTextSelection *out) { *out = SupportedTextSelection_Single; return S_OK; } };

static IUnknown *makePattern(const Node &node, PATTERNID id) {
  switch (id) {
    case UIA_InvokePatternId: return new InvokePattern(node);
    case UIA_ValuePatternId: return new ValuePattern(node);
    case UIA_TogglePatternId: return new TogglePattern(node);
    case UIA_SelectionItemPatternId: return new SelectionItemPattern(node);
    case UIA_SelectionPatternId: return new SelectionPattern(node);
    case UIA_ExpandCollapsePatternId: return new ExpandCollapsePattern(node);
    case UIA_RangeValuePatternId: return new RangeValuePattern(node);
    case UIA_WindowPatternId: return new WindowPattern(node);
    case UIA_TransformPatternId: return new TransformPattern(node);
    case UIA_GridPatternId: return new GridPattern(node);
    case UIA_GridItemPatternId: return new GridItemPattern(node);
    case UIA_TablePatternId: return new TablePattern(node);
    case UIA_TableItemPatternId: return new TableItemPattern(node);
    case UIA_ScrollPatternId: return new ScrollPattern(node);
    case UIA_ScrollItemPatternId: return new ScrollItemPattern(node);
    case UIA_TextPatternId: return new TextPattern(node);
    default: return new LegacyPattern(node);
  }
}
// No pattern and S_OK when the element does not have it, as documented.
static HRESULT pattern(const Node &node, PATTERNID id, REFIID iid, void **out) {
  HRESULT result = S_OK;
  const HRESULT looked = guard([&] {
    requireAlive(node);
    if (!supports(node, id)) return;
    IUnknown *made = makePattern(node, id);
    result = made->QueryInterface(iid, out);
    made->Release();
  });
  return FAILED(looked) ? looked : result;
}

// ---- walking

struct Walker : Object<IUIAutomationTreeWalker> {
  Test test;
  explicit Walker(Test test) : test(std::move(test)) {}
  // Children that match, or what matches below those that do not.
  std::vector<Node> matching(const Node &node) const {
    std::vector<Node> found;
    for (const Node &child : children(node)) {
      if (test(child)) found.push_back(child);
      else for (const Node &below : matching(child)) found.push_back(below);
    }
    return found;
  }
  std::unique_ptr<Node> above(const Node &node) const {
    auto at = parent(node);
    while (at && !isDesktop(*at) && !test(*at)) at = parent(*at);
    return at;
  }
  std::unique_ptr<Node> beside(const Node &node, int step) const {
    auto up = above(node);
    if (!up) return nullptr;
    const std::vector<Node> list = matching(*up);
    const auto own = std::find(list.begin(), list.end(), node);
    if (own == list.end()) return nullptr;
    const auto at = (own - list.begin()) + step;
    return at >= 0 && at < (long)list.size() ? std::make_unique<Node>(list[at]) : nullptr;
  }
  template <class F> HRESULT give(IUIAutomationElement *from, IUIAutomationCacheRequest *request, IUIAutomationElement **out, F step) {
    *out = nullptr;
    return guard([&] { const Node node = nodeOf(from); requireAlive(node); if (std::unique_ptr<Node> found = step(node)) *out = element(*found, request); });
  }
  std::unique_ptr<Node> edge(const Node &node, bool isFirst) const { const auto list = matching(node); return list.empty() ? nullptr : std::make_unique<Node>(isFirst ? list.front() : list.back()); }
  METHOD(GetParentElement, IUIAutomationElement *from, IUIAutomationElement **out) { return give(from, nullptr, out, [&](const Node &node) { return above(node); }); }
  METHOD(GetFirstChildElement, IUIAutomationElement *from, IUIAutomationElement **out) { return give(from, nullptr, out, [&](const Node &node) { return edge(node, true); }); }
  METHOD(GetLastChildElement, IUIAutomationElement *from, IUIAutomationElement **out) { return give(from, nullptr, out, [&](const Node &node) { return edge(node, false); }); }
  METHOD(GetNextSiblingElement, IUIAutomationElement *from, IUIAutomationElement **out) { return give(from, nullptr, out, [&](const Node &node) { return beside(node, 1); }); }
  METHOD(GetPreviousSiblingElement, IUIAutomationElement *from, IUIAutomationElement **out) { return give(from, nullptr, out, [&](const Node &node) { return beside(node, -1); }); }
  METHOD(NormalizeElement, IUIAutomationElement *from, IUIAutomationElement **out) { return give(from, nullptr, out, [&](const Node &node) { return test(node) ? std::make_unique<Node>(node) : above(node); }); }
  METHOD(GetParentElementBuildCache, IUIAutomationElement *from, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { return give(from, request, out, [&](const Node &node) { return above(node); }); }
  METHOD(GetFirstChildElementBuildCache, IUIAutomationElement *from, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { return give(from, request, out, [&](const Node &node) { return edge(node, true); }); }
  METHOD(GetLastChildElementBuildCache, IUIAutomationElement *from, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { return give(from, request, out, [&](const Node &node) { return edge(node, false); }); }
  METHOD(GetNextSiblingElementBuildCache, IUIAutomationElement *from, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { return give(from, request, out, [&](const Node &node) { return beside(node, 1); }); }
  METHOD(GetPreviousSiblingElementBuildCache, IUIAutomationElement *from, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { return give(from, request, out, [&](const Node &node) { return beside(node, -1); }); }
  METHOD(NormalizeElementBuildCache, IUIAutomationElement *from, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { return give(from, request, out, [&](const Node &node) { return test(node) ? std::make_unique<Node>(node) : above(node); }); }
  METHOD(get_Condition, IUIAutomationCondition **out) { return giveCondition(test, out); }
};

// ---- events, from a thread of their own as in the real one

struct Listener { int event; IUnknown *handler; PROPERTYID property; HWND below; };
enum { onFocus = -1, onStructure = -2, onProperty = -3 };
static std::vector<Listener> listeners;
static CRITICAL_SECTION lock;
static HANDLE listening;

static void notify(int event, PROPERTYID property_, const Node &node) {
  std::vector<Listener> now;
  EnterCriticalSection(&lock);
  for (const Listener &one : listeners)
    if (one.event == event && (event != onProperty || one.property == property_) && (isDesktop({one.below}) || one.below == node.window || IsChild(one.below, node.window))) {
      one.handler->AddRef();
      now.push_back(one);
    }
  LeaveCriticalSection(&lock);
  for (const Listener &one : now) {
    IUIAutomationElement *sender = element(node);
    if (event == onFocus) static_cast<IUIAutomationFocusChangedEventHandler *>(one.handler)->HandleFocusChangedEvent(sender);
    else if (event == onStructure) {
      Value id = Value::of(runtimeId(node));
      static_cast<IUIAutomationStructureChangedEventHandler *>(one.handler)->HandleStructureChangedEvent(sender, StructureChangeType_ChildrenInvalidated, id.parray);
    } else if (event == onProperty) {
      Value value;
      guard([&] { value = property(node, property_); });
      static_cast<IUIAutomationPropertyChangedEventHandler *>(one.handler)->HandlePropertyChangedEvent(sender, property_, value);
    } else static_cast<IUIAutomationEventHandler *>(one.handler)->HandleAutomationEvent(sender, event);
    sender->Release();
    one.handler->Release();
  }
}
static void CALLBACK happened(HWINEVENTHOOK, DWORD event, HWND window, LONG object, LONG child, DWORD, DWORD) {
  if (!window || child != CHILDID_SELF || (object != OBJID_WINDOW && object != OBJID_CLIENT)) return;
  const bool isWindow = object == OBJID_WINDOW;
  switch (event) {
    case EVENT_OBJECT_FOCUS: notify(onFocus, 0, {window}); break;
    case EVENT_OBJECT_SHOW: if (isWindow) { if (isTop(window)) notify(UIA_Window_WindowOpenedEventId, 0, {window}); else notify(onStructure, 0, {window}); } break;
    case EVENT_OBJECT_HIDE: if (isWindow && !isTop(window)) notify(onStructure, 0, {window}); break;
    case EVENT_OBJECT_DESTROY: if (isWindow) notify(UIA_Window_WindowClosedEventId, 0, {window}); break;
    case EVENT_OBJECT_NAMECHANGE: notify(onProperty, UIA_NamePropertyId, {window}); break;
    case EVENT_OBJECT_VALUECHANGE: notify(onProperty, UIA_ValueValuePropertyId, {window}); break;
  }
}
static DWORD WINAPI listen(void *) {
  CoInitializeEx(NULL, COINIT_MULTITHREADED);
  SetWinEventHook(EVENT_OBJECT_DESTROY, EVENT_OBJECT_VALUECHANGE, NULL, happened, 0, 0, WINEVENT_OUTOFCONTEXT);
  MSG message;
  PeekMessageW(&message, NULL, 0, 0, PM_NOREMOVE);
  SetEvent(listening);
  while (GetMessageW(&message, NULL, 0, 0) > 0) DispatchMessageW(&message);
  return 0;
}
static void addListener(int event, IUnknown *handler, IUIAutomationElement *from, PROPERTYID id = 0) {
  if (!handler) fail(E_INVALIDARG);
  const HWND below = from ? nodeOf(from).window : GetDesktopWindow();
  EnterCriticalSection(&lock);
  handler->AddRef();
  listeners.push_back({event, handler, id, below});
  const bool isFirst = !listening;
  if (isFirst) listening = CreateEventW(NULL, TRUE, FALSE, NULL);
  LeaveCriticalSection(&lock);
  if (isFirst) CloseHandle(CreateThread(NULL, 0, listen, NULL, 0, NULL));
  WaitForSingleObject(listening, 5000);
}
static void removeListeners(const std::function<bool(const Listener &)> &those) {
  std::vector<IUnknown *> gone;
  EnterCriticalSection(&lock);
  for (auto at = listeners.begin(); at != listeners.end();) if (those(*at)) { gone.push_back(at->handler); at = listeners.erase(at); } else ++at;
  LeaveCriticalSection(&lock);
  for (IUnknown *handler : gone) handler->Release();
}

// ---- the automation object

static std::vector<Test> testsOf(SAFEARRAY *conditions) {
  std::vector<Test> tests;
  LONG low, high;
  if (!conditions || FAILED(SafeArrayGetLBound(conditions, 1, &low)) || FAILED(SafeArrayGetUBound(conditions, 1, &high))) fail(E_INVALIDARG);
  for (LONG at = low; at <= high; at++) {
    IUnknown *one = nullptr;
    SafeArrayGetElement(conditions, &at, &one);
    tests.push_back(testOf(static_cast<IUIAutomationCondition *>(one)));
    one->Release();
  }
  return tests;
}
static Test all(std::vector<Test> tests) { return [tests](const Node &node) { return std::all_of(tests.begin(), tests.end(), [&](const Test &test) { return test(node); }); }; }
static Test any(std::vector<Test> tests) { return [tests](const Node &node) { return std::any_of(tests.begin(), tests.end(), [&](const Test &test) { return test(node); }); }; }
static Test flag(PROPERTYID id) { return [id](const Node &node) { return property(node, id).boolVal != 0; }; }
static const Test everything = [](const Node &) { return true; };

static Node at(POINT point) {
  HWND window = WindowFromPoint(point);
  if (!window) return {GetDesktopWindow()};
  for (;;) {
    POINT inside = point;
    ScreenToClient(window, &inside);
    HWND child = RealChildWindowFromPoint(window, inside);
    if (!child || child == window) break;
    window = child;
  }
  if (is(window, WC_HEADERW)) window = GetParent(window);
  Node best = {window};
  for (bool isDeeper = true; isDeeper;) {
    isDeeper = false;
    for (const Node &child : children(best)) {
      if (child.kind == Kind::Window) continue;
      const RECT rect = rectangle(child);
      if (PtInRect(&rect, point)) { best = child; isDeeper = true; break; }
      // The branches of a tree are beside their parent, not in it.
      if (child.kind != Kind::TreeItem) continue;
      for (const Node &below : children(child)) { const RECT own = rectangle(below); if (PtInRect(&own, point)) { best = below; isDeeper = true; break; } }
      if (isDeeper) break;
    }
  }
  return best;
}

struct Automation : Object<IUIAutomation2> {
  bool knows(REFIID id) override { return id == __uuidof(IUIAutomation) || id == __uuidof(IUIAutomation2); }
  METHOD(CompareElements, IUIAutomationElement *one, IUIAutomationElement *other, WINBOOL *out) { return guard([&] { *out = nodeOf(one) == nodeOf(other); }); }
  METHOD(CompareRuntimeIds, SAFEARRAY *one, SAFEARRAY *other, WINBOOL *out) {
    LONG left = -1, right = -1;
    SafeArrayGetUBound(one, 1, &left); SafeArrayGetUBound(other, 1, &right);
    *out = left == right;
    for (LONG index = 0; *out && index <= left; index++) { int a = 0, b = 0; SafeArrayGetElement(one, &index, &a); SafeArrayGetElement(other, &index, &b); *out = a == b; }
    return S_OK;
  }
  METHOD(GetRootElement, IUIAutomationElement **out) { return GetRootElementBuildCache(nullptr, out); }
  METHOD(ElementFromHandle, UIA_HWND window, IUIAutomationElement **out) { return ElementFromHandleBuildCache(window, nullptr, out); }
  METHOD(ElementFromPoint, POINT point, IUIAutomationElement **out) { return ElementFromPointBuildCache(point, nullptr, out); }
  METHOD(GetFocusedElement, IUIAutomationElement **out) { return GetFocusedElementBuildCache(nullptr, out); }
  METHOD(GetRootElementBuildCache, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { *out = nullptr; return guard([&] { *out = element({GetDesktopWindow()}, request); }); }
  METHOD(ElementFromHandleBuildCache, UIA_HWND window, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { *out = nullptr; return guard([&] { requireAlive({(HWND)window}); *out = element({(HWND)window}, request); }); }
  METHOD(ElementFromPointBuildCache, POINT point, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { *out = nullptr; return guard([&] { *out = element(at(point), request); }); }
  METHOD(GetFocusedElementBuildCache, IUIAutomationCacheRequest *request, IUIAutomationElement **out) { *out = nullptr; return guard([&] { HWND window = focused(); if (!window) fail(E_FAIL); *out = element({window}, request); }); }
  METHOD(CreateTreeWalker, IUIAutomationCondition *condition, IUIAutomationTreeWalker **out) { *out = nullptr; return guard([&] { *out = new Walker(testOf(condition)); }); }
  METHOD(get_ControlViewWalker, IUIAutomationTreeWalker **out) { *out = new Walker(flag(UIA_IsControlElementPropertyId)); return S_OK; }
  METHOD(get_ContentViewWalker, IUIAutomationTreeWalker **out) { *out = new Walker(flag(UIA_IsContentElementPropertyId)); return S_OK; }
  METHOD(get_RawViewWalker, IUIAutomationTreeWalker **out) { *out = new Walker(everything); return S_OK; }
  METHOD(get_RawViewCondition, IUIAutomationCondition **out) { return giveCondition(everything, out); }
  METHOD(get_ControlViewCondition, IUIAutomationCondition **out) { return giveCondition(flag(UIA_IsControlElementPropertyId), out); }
  METHOD(get_ContentViewCondition, IUIAutomationCondition **out) { return giveCondition(flag(UIA_IsContentElementPropertyId), out); }
  METHOD(CreateCacheRequest, IUIAutomationCacheRequest **out) { *out = new Request; return S_OK; }
  METHOD(CreateTrueCondition, IUIAutomationCondition **out) { return giveCondition(everything, out); }
  METHOD(CreateFalseCondition, IUIAutomationCondition **out) { return giveCondition([](const Node &) { return false; }, out); }
  METHOD(CreatePropertyCondition, PROPERTYID id, VARIANT value, IUIAutomationCondition **out) { return CreatePropertyConditionEx(id, value, PropertyConditionFlags_None, out); }
  METHOD(CreatePropertyConditionEx, PROPERTYID id, VARIANT value, PropertyConditionFlags flags, IUIAutomationCondition **out) {
    *out = nullptr;
    if (id < 30000 || id > 30200) return E_INVALIDARG;
    const Value wanted(value);
    return giveCondition([id, wanted, flags](const Node &node) { return matchesValue(node, id, wanted, flags); }, out);
  }
  METHOD(CreateAndCondition, IUIAutomationCondition *one, IUIAutomationCondition *other, IUIAutomationCondition **out) { *out = nullptr; return guard([&] { giveCondition(all({testOf(one), testOf(other)}), out); }); }
  METHOD(CreateAndConditionFromArray, SAFEARRAY *conditions, IUIAutomationCondition **out) { *out = nullptr; return guard([&] { giveCondition(all(testsOf(conditions)), out); }); }
  METHOD(CreateAndConditionFromNativeArray, IUIAutomationCondition **conditions, int length, IUIAutomationCondition **out) {
    *out = nullptr;
    return guard([&] { std::vector<Test> tests; for (int index = 0; index < length; index++) tests.push_back(testOf(conditions[index])); giveCondition(all(tests), out); });
  }
  METHOD(CreateOrCondition, IUIAutomationCondition *one, IUIAutomationCondition *other, IUIAutomationCondition **out) { *out = nullptr; return guard([&] { giveCondition(any({testOf(one), testOf(other)}), out); }); }
  METHOD(CreateOrConditionFromArray, SAFEARRAY *conditions, IUIAutomationCondition **out) { *out = nullptr; return guard([&] { giveCondition(any(testsOf(conditions)), out); }); }
  METHOD(CreateOrConditionFromNativeArray, IUIAutomationCondition **conditions, int length, IUIAutomationCondition **out) {
    *out = nullptr;
    return guard([&] { std::vector<Test> tests; for (int index = 0; index < length; index++) tests.push_back(testOf(conditions[index])); giveCondition(any(tests), out); });
  }
  METHOD(CreateNotCondition, IUIAutomationCondition *condition, IUIAutomationCondition **out) { *out = nullptr; return guard([&] { const Test test = testOf(condition); giveCondition([test](const Node &node) { return !test(node); }, out); }); }
  METHOD(AddAutomationEventHandler, EVENTID event, IUIAutomationElement *from, TreeScope, IUIAutomationCacheRequest *, IUIAutomationEventHandler *handler) { return guard([&] { addListener(event, handler, from); }); }
  METHOD(RemoveAutomationEventHandler, EVENTID event, IUIAutomationElement *, IUIAutomationEventHandler *handler) { removeListeners([&](const Listener &one) { return one.event == event && one.handler == handler; }); return S_OK; }
  METHOD(AddPropertyChangedEventHandlerNativeArray, IUIAutomationElement *from, TreeScope, IUIAutomationCacheRequest *, IUIAutomationPropertyChangedEventHandler *handler, PROPERTYID *ids, int length) {
    return guard([&] { for (int index = 0; index < length; index++) addListener(onProperty, handler, from, ids[index]); });
  }
  METHOD(AddPropertyChangedEventHandler, IUIAutomationElement *from, TreeScope, IUIAutomationCacheRequest *, IUIAutomationPropertyChangedEventHandler *handler, SAFEARRAY *ids) {
    return guard([&] { LONG high = -1; SafeArrayGetUBound(ids, 1, &high); for (LONG index = 0; index <= high; index++) { int id = 0; SafeArrayGetElement(ids, &index, &id); addListener(onProperty, handler, from, id); } });
  }
  METHOD(RemovePropertyChangedEventHandler, IUIAutomationElement *, IUIAutomationPropertyChangedEventHandler *handler) { removeListeners([&](const Listener &one) { return one.handler == handler; }); return S_OK; }
  METHOD(AddStructureChangedEventHandler, IUIAutomationElement *from, TreeScope, IUIAutomationCacheRequest *, IUIAutomationStructureChangedEventHandler *handler) { return guard([&] { addListener(onStructure, handler, from); }); }
  METHOD(RemoveStructureChangedEventHandler, IUIAutomationElement *, IUIAutomationStructureChangedEventHandler *handler) { removeListeners([&](const Listener &one) { return one.handler == handler; }); return S_OK; }
  METHOD(AddFocusChangedEventHandler, IUIAutomationCacheRequest *, IUIAutomationFocusChangedEventHandler *handler) { return guard([&] { addListener(onFocus, handler, nullptr); }); }
  METHOD(RemoveFocusChangedEventHandler, IUIAutomationFocusChangedEventHandler *handler) { removeListeners([&](const Listener &one) { return one.handler == handler; }); return S_OK; }
  METHOD(RemoveAllEventHandlers) { removeListeners([](const Listener &) { return true; }); return S_OK; }
  METHOD(IntNativeArrayToSafeArray, int *array, int length, SAFEARRAY **out) { Value value = Value::of(std::vector<int>(array, array + length)); *out = value.parray; value.vt = VT_EMPTY; return S_OK; }
  METHOD(IntSafeArrayToNativeArray, SAFEARRAY *array, int **out, int *length) {
    LONG high = -1;
    SafeArrayGetUBound(array, 1, &high);
    *length = high + 1;
    *out = (int *)CoTaskMemAlloc(sizeof(int) * (high + 1));
    for (LONG index = 0; index <= high; index++) SafeArrayGetElement(array, &index, &(*out)[index]);
    return S_OK;
  }
  METHOD(RectToVariant, RECT rect, VARIANT *out) { Value value = Value::of(rect); return copy(out, value); }
  MISSING(VariantToRect, VARIANT, RECT *)
  MISSING(SafeArrayToRectNativeArray, SAFEARRAY *, RECT **, int *)
  MISSING(CreateProxyFactoryEntry, IUIAutomationProxyFactory *, IUIAutomationProxyFactoryEntry **)
  MISSING(get_ProxyFactoryMapping, IUIAutomationProxyFactoryMapping **)
  MISSING(GetPropertyProgrammaticName, PROPERTYID, BSTR *)
  MISSING(GetPatternProgrammaticName, PATTERNID, BSTR *)
  MISSING(PollForPotentialSupportedPatterns, IUIAutomationElement *, SAFEARRAY **, SAFEARRAY **)
  MISSING(PollForPotentialSupportedProperties, IUIAutomationElement *, SAFEARRAY **, SAFEARRAY **)
  METHOD(CheckNotSupported, VARIANT value, WINBOOL *out) { *out = value.vt == VT_UNKNOWN; return S_OK; }
  MISSING(get_ReservedNotSupportedValue, IUnknown **)
  MISSING(get_ReservedMixedAttributeValue, IUnknown **)
  MISSING(ElementFromIAccessible, IAccessible *, int, IUIAutomationElement **)
  MISSING(ElementFromIAccessibleBuildCache, IAccessible *, int, IUIAutomationCacheRequest *, IUIAutomationElement **)
  METHOD(get_AutoSetFocus, WINBOOL *out) { *out = TRUE; return S_OK; }
  METHOD(put_AutoSetFocus, WINBOOL) { return S_OK; }
  METHOD(get_ConnectionTimeout, DWORD *out) { *out = connectionTimeout; return S_OK; }
  METHOD(put_ConnectionTimeout, DWORD ms) { connectionTimeout = ms; return S_OK; }
  METHOD(get_TransactionTimeout, DWORD *out) { *out = transactionTimeout; return S_OK; }
  METHOD(put_TransactionTimeout, DWORD ms) { transactionTimeout = ms; return S_OK; }
};

struct Factory : Object<IClassFactory> {
  METHOD(CreateInstance, IUnknown *outer, REFIID id, void **out) {
    *out = nullptr;
    if (outer) return CLASS_E_NOAGGREGATION;
    auto made = new Automation;
    const HRESULT result = made->QueryInterface(id, out);
    made->Release();
    return result;
  }
  METHOD(LockServer, WINBOOL) { return S_OK; }
};

extern "C" __declspec(dllexport) HRESULT STDMETHODCALLTYPE DllGetClassObject(REFCLSID, REFIID id, void **out) {
  auto factory = new Factory;
  const HRESULT result = factory->QueryInterface(id, out);
  factory->Release();
  return result;
}
extern "C" __declspec(dllexport) HRESULT STDMETHODCALLTYPE DllCanUnloadNow() { return S_FALSE; }
BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void *) {
  if (reason == DLL_PROCESS_ATTACH) InitializeCriticalSection(&lock);
  return TRUE;
}
