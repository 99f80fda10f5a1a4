// iddpm.h in C#: the calls, and the sentence of one that failed as an exception. For Unity and for any other.
using System;
using System.Runtime.InteropServices;
using System.Text;

public static class Iddpm
{
    const string Library = "iddpm";
    public const int Ok = 0, More = 1;

    // As in the header, field by field; texts and pictures are pointers.
    [StructLayout(LayoutKind.Sequential)]
    public struct Draw
    {
        public UIntPtr Size;
        public ulong Seed, First;
        public uint Count, PaletteCount;
        public double Guidance, Strength;
        public IntPtr ClassName, Steps, Method, Clip, Wrap, Resample, Between, Palette, Init;
        public UIntPtr InitStride;
        public uint InitWidth, InitHeight;
        public IntPtr Mask;
        public UIntPtr MaskStride;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Info
    {
        public UIntPtr Size;
        public uint Width, Height, Channels, Classes;
    }

    [DllImport(Library)] static extern UIntPtr iddpm_last_error(byte[] text, UIntPtr len);
    [DllImport(Library)] static extern int iddpm_model_open(byte[] path, out IntPtr model);
    [DllImport(Library)] static extern int iddpm_model_from_memory(byte[] file, UIntPtr len, out IntPtr model);
    [DllImport(Library)] static extern int iddpm_model_info(IntPtr model, out Info info, UIntPtr size);
    [DllImport(Library)] static extern int iddpm_model_on(IntPtr model, byte[] device, uint threads, out IntPtr studio);
    [DllImport(Library)] static extern int iddpm_draw_init(out Draw draw, UIntPtr size);
    [DllImport(Library)] static extern int iddpm_run_begin(IntPtr studio, ref Draw draw, out IntPtr run);
    [DllImport(Library)] static extern int iddpm_run_advance(IntPtr run, uint microseconds);
    [DllImport(Library)] static extern int iddpm_run_pixels(IntPtr run, uint image, byte[] rgba, UIntPtr stride, UIntPtr len);
    [DllImport(Library)] static extern int iddpm_run_preview(IntPtr run, uint image, byte[] rgba, UIntPtr stride, UIntPtr len);
    [DllImport(Library, EntryPoint = "iddpm_run_fraction")] public static extern float Fraction(IntPtr run);
    [DllImport(Library, EntryPoint = "iddpm_run_free")] public static extern void FreeRun(IntPtr run);
    [DllImport(Library, EntryPoint = "iddpm_studio_free")] public static extern void FreeStudio(IntPtr studio);
    [DllImport(Library, EntryPoint = "iddpm_model_free")] public static extern void FreeModel(IntPtr model);

    static int Check(int result)
    {
        if (result >= 0) return result;
        var text = new byte[(int)iddpm_last_error(null, UIntPtr.Zero)];
        iddpm_last_error(text, (UIntPtr)text.Length);
        throw new InvalidOperationException(Encoding.UTF8.GetString(text, 0, text.Length - 1));
    }

    static byte[] Utf8(string text) => text == null ? null : Encoding.UTF8.GetBytes(text + "\0");

    static UIntPtr SizeOf<T>() => (UIntPtr)Marshal.SizeOf(typeof(T));

    public static IntPtr OpenModel(string path) { Check(iddpm_model_open(Utf8(path), out var model)); return model; }

    // For an asset that is no file, as on Android: its bytes.
    public static IntPtr OpenModel(byte[] file)
    {
        Check(iddpm_model_from_memory(file, (UIntPtr)file.Length, out var model));
        return model;
    }

    public static Info About(IntPtr model) { Check(iddpm_model_info(model, out var info, SizeOf<Info>())); return info; }

    // The best device where it is null; "cpu", "gpu" or a GPU's name.
    public static IntPtr On(IntPtr model, string device = null, uint threads = 0)
    {
        Check(iddpm_model_on(model, Utf8(device), threads, out var studio));
        return studio;
    }

    public static IntPtr Begin(IntPtr studio, ulong seed, string className = null, string steps = null)
    {
        Check(iddpm_draw_init(out var draw, SizeOf<Draw>()));
        draw.Seed = seed;
        var texts = new[] { Pinned(className), Pinned(steps) };
        try
        {
            draw.ClassName = texts[0].AddrOfPinnedObject();
            draw.Steps = texts[1].AddrOfPinnedObject();
            Check(iddpm_run_begin(studio, ref draw, out var run));
            return run;
        }
        finally
        {
            foreach (var text in texts) text.Free();
        }
    }

    // A text that stays where it is until its handle is freed; a null pointer of none, which in an inspector is empty.
    static GCHandle Pinned(string text) =>
        GCHandle.Alloc(string.IsNullOrEmpty(text) ? null : Utf8(text), GCHandleType.Pinned);

    // True while steps are left: call it in Update, with what a frame can spare.
    public static bool Advance(IntPtr run, uint microseconds) => Check(iddpm_run_advance(run, microseconds)) == More;

    public static void Pixels(IntPtr run, uint image, byte[] rgba, int stride) =>
        Check(iddpm_run_pixels(run, image, rgba, (UIntPtr)stride, (UIntPtr)rgba.Length));

    public static void Preview(IntPtr run, uint image, byte[] rgba, int stride) =>
        Check(iddpm_run_preview(run, image, rgba, (UIntPtr)stride, (UIntPtr)rgba.Length));
}
