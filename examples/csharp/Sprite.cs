// examples/c/sprite.c in C#: Sprite MODEL [CLASS] writes sprite_cs.pam, RGBA.
//   mcs -out:sprite.exe examples/csharp/*.cs && LD_LIBRARY_PATH=target/release mono sprite.exe MODEL
using System;
using System.IO;
using System.Text;

static class Sprite
{
    static int Main(string[] arguments)
    {
        if (arguments.Length < 1)
        {
            Console.Error.WriteLine("Sprite MODEL [CLASS]");
            return 1;
        }
        IntPtr model = IntPtr.Zero, studio = IntPtr.Zero, run = IntPtr.Zero;
        try
        {
            model = Iddpm.OpenModel(arguments[0]);
            studio = Iddpm.On(model);
            run = Iddpm.Begin(studio, 7, arguments.Length > 1 ? arguments[1] : "sword");
            while (Iddpm.Advance(run, 4000)) { }

            var info = Iddpm.About(model);
            var rgba = new byte[info.Width * info.Height * 4];
            Iddpm.Pixels(run, 0, rgba, (int)info.Width * 4);
            var head = $"P7\nWIDTH {info.Width}\nHEIGHT {info.Height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n";
            using (var file = File.Create("sprite_cs.pam"))
            {
                var bytes = Encoding.ASCII.GetBytes(head);
                file.Write(bytes, 0, bytes.Length);
                file.Write(rgba, 0, rgba.Length);
            }
            return 0;
        }
        catch (InvalidOperationException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
        finally
        {
            Iddpm.FreeRun(run);
            Iddpm.FreeStudio(studio);
            Iddpm.FreeModel(model);
        }
    }
}
