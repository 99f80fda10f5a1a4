// The calls of iddpm.h as they are there, for Iddpm.cs, which is what a program uses.
using System;
using System.Runtime.InteropServices;

namespace Iddpm
{
    // What a model draws, as in the header, field by field.
    [StructLayout(LayoutKind.Sequential)]
    public struct Info
    {
        internal UIntPtr Size;
        public uint Width, Height, Channels, Classes, LowResWidth, LowResHeight;
    }

    static class Native
    {
        const string Library = "iddpm";
        internal const int Ok = 0, More = 1;

        // Texts and pictures are pointers.
        [StructLayout(LayoutKind.Sequential)]
        internal struct Draw
        {
            internal UIntPtr Size;
            internal ulong Seed, First;
            internal uint Count, PaletteCount;
            internal double Guidance, Strength;
            internal IntPtr ClassName, Classes;
            internal UIntPtr ClassCount;
            internal IntPtr Steps, Method, Clip, Wrap, Resample, Between, Palette, Init;
            internal UIntPtr InitStride;
            internal uint InitWidth, InitHeight;
            internal IntPtr Mask;
            internal UIntPtr MaskStride;
            internal IntPtr LowRes;
            internal UIntPtr LowResStride;
            internal uint LowResWidth, LowResHeight;
        }

        [DllImport(Library)] internal static extern int iddpm_last_result();
        [DllImport(Library)] internal static extern UIntPtr iddpm_last_error(byte[] text, UIntPtr len);
        [DllImport(Library)] internal static extern UIntPtr iddpm_devices();
        [DllImport(Library)] internal static extern UIntPtr iddpm_device_name(UIntPtr index, byte[] text, UIntPtr len);

        [DllImport(Library)] internal static extern int iddpm_model_open(byte[] path, out IntPtr model);
        [DllImport(Library)] internal static extern int iddpm_model_from_memory(byte[] file, UIntPtr len, out IntPtr model);
        [DllImport(Library)] internal static extern int iddpm_model_info(Model model, out Info info, UIntPtr size);
        [DllImport(Library)] internal static extern UIntPtr iddpm_model_class_name(Model model, uint index, byte[] text, UIntPtr len);
        [DllImport(Library)] internal static extern UIntPtr iddpm_model_notes(Model model, byte[] text, UIntPtr len);
        [DllImport(Library)] internal static extern int iddpm_model_on(Model model, byte[] device, uint threads, out IntPtr studio);
        [DllImport(Library)] internal static extern void iddpm_model_free(IntPtr model);

        [DllImport(Library)] internal static extern UIntPtr iddpm_studio_device(Studio studio, byte[] text, UIntPtr len);
        [DllImport(Library)] internal static extern void iddpm_studio_free(IntPtr studio);

        [DllImport(Library)] internal static extern int iddpm_draw_init(out Draw draw, UIntPtr size);
        [DllImport(Library)] internal static extern int iddpm_run_begin(Studio studio, ref Draw draw, out IntPtr run);
        [DllImport(Library)] internal static extern int iddpm_run_resume(Studio studio, byte[] saved, UIntPtr len, out IntPtr run);
        [DllImport(Library)] internal static extern int iddpm_run_advance(Run run, uint microseconds);
        [DllImport(Library)] internal static extern int iddpm_run_step(Run run);
        [DllImport(Library)] internal static extern float iddpm_run_fraction(Run run);
        [DllImport(Library)] internal static extern uint iddpm_run_count(Run run);
        [DllImport(Library)] internal static extern int iddpm_run_pixels(Run run, uint image, byte[] rgba, UIntPtr stride, UIntPtr len);
        [DllImport(Library)] internal static extern int iddpm_run_preview(Run run, uint image, byte[] rgba, UIntPtr stride, UIntPtr len);
        [DllImport(Library)] internal static extern int iddpm_run_cancel(Run run);
        [DllImport(Library)] internal static extern int iddpm_run_save(Run run, byte[] saved, ref UIntPtr len);
        [DllImport(Library)] internal static extern void iddpm_run_free(IntPtr run);

        [DllImport(Library)] internal static extern int iddpm_plane_begin(Studio studio, ref Draw draw, out IntPtr plane);
        [DllImport(Library)] internal static extern int iddpm_plane_tile(
            Plane plane, int x, int y, uint width, uint height, byte[] rgba, UIntPtr stride, UIntPtr len);
        [DllImport(Library)] internal static extern void iddpm_plane_free(IntPtr plane);
    }
}
