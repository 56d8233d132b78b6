// Preloaded into Windows' node.exe on machines whose node_modules were installed for another system: names the folder where koffi finds
// its Windows part, in the way in which an application with resources of its own does. Without the variable it changes nothing.
if (process.env.DESKTOP_FLOWS_KOFFI) process.resourcesPath = process.env.DESKTOP_FLOWS_KOFFI;
